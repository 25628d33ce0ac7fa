"""A picture of which each place is, to many layers at once, as some place of a painting is.

N. Kolkin et al., "Neural Neighbor Style Transfer", 2022: what all layers see of a place is one vector, a hypercolumn.
Those of the picture are to point where the painting's nearest do, which are found once for each size, and at the end,
layer by layer, again and again. There is no content loss: the photo is in what is sought.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.optimization.patches import Patches
from impasto.model.optimization.pyramid import without_details

HYPERCOLUMN = "hypercolumn"
"""The name of all layers together."""
REDUCED = 4
"""Pixels a side for each hypercolumn."""
MOST = 8192
"""Places of a painting among which neighbours are sought, in each of its four rotations."""
SPLIT = 64
"""Places a side of a layer that are looked at together at the end, evenly spread."""
REMATCHED = 10
"""Looks at the picture after which neighbours are sought anew at the end. The authors' program does at each."""


def rotations(painting: Tensor) -> list[Tensor]:
    """(3, H, W) -> it and its turns by 90, 180 and 270 degrees: more to find neighbours in."""
    return [painting.rot90(turns, (1, 2)) for turns in range(4)]


class Hypercolumns(nn.Module):
    """What a network's layers see of each 4 × 4 pixels, as one vector.

    layers: with weights; each is divided by its number of channels too, so that none outvotes the others.
    """

    def __init__(self, network: nn.Module, layers: Mapping[str, float]) -> None:
        super().__init__()
        self.network, self._layers = network, dict(layers)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(1, 3, H, W) in [0, 1] -> HYPERCOLUMN: (1, ΣC, H / 4, W / 4), float32."""
        features = self.network(images)
        size = images.shape[2] // REDUCED, images.shape[3] // REDUCED
        columns = []
        for layer, weight in self._layers.items():
            values = features[layer].to(torch.promote_types(features[layer].dtype, torch.float32))
            times = values.shape[2] // size[0]
            values = F.avg_pool2d(values, times) if times else F.interpolate(values, size, mode="bilinear")
            columns.append(values * (weight / values.shape[1]))
        return {HYPERCOLUMN: torch.cat(columns, dim=1)}


@dataclass(frozen=True, eq=False)
class NeighborTerm:
    """weight · mean over places of 1 − cos(h(y), t): how far hypercolumns point from where they should.

    target: t, (1, C, H, W), float32.
    """

    target: Tensor
    weight: float = 1.0
    name: ClassVar[str] = "neighbors"

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return self.weight * _distance(features[HYPERCOLUMN], self.target)


class SplitTerm:
    """weight · mean over places of 1 − cos(F(y) − mean F(y), t) at one layer, t nearest of the painting's as it is.

    paintings: F(s) − mean F(s) of every rotation, (C, H, W), float32. seed: of which places are looked at.
    """

    name: ClassVar[str] = "neighbors"

    def __init__(self, layer: str, paintings: Sequence[Tensor], weight: float = 1.0, seed: int = 0) -> None:
        self.layer, self.weight = layer, weight
        self._patches, self._looks = Patches(paintings), 0
        self._random = torch.Generator().manual_seed(seed)

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        seen = features[self.layer]
        seen = seen.to(torch.promote_types(seen.dtype, torch.float32))
        stride = max(1, max(seen.shape[2:]) // SPLIT)
        if self._looks % REMATCHED == 0:
            self._first = torch.randint(stride, (2,), generator=self._random).tolist()
        down, right = self._first
        own = _centered(seen[:, :, down::stride, right::stride])
        if self._looks % REMATCHED == 0:
            with torch.no_grad():
                self._target = self._patches.assembled(self._patches.nearest(own[0]))[None]
        self._looks += 1
        return self.weight * _distance(own, self._target)


def sought(photo: Tensor, picture: Tensor, share: float) -> Tensor:
    """What neighbours are sought for, (1, 3, H, W): so much of the photo, and of the picture without its details."""
    return photo + (1 - share) * without_details(picture - photo)


@torch.no_grad()
def neighbor_term(hypercolumns: Hypercolumns, painting: Tensor, image: Tensor, weight: float) -> NeighborTerm:
    """The term that makes each place like the place of a painting (3, H, W) which is nearest to that of an image.

    image: (1, 3, H, W), see `sought`. Nearest is the greatest cosine of what hypercolumns differ in from their mean.
    """

    def seen(image: Tensor) -> Tensor:
        columns: Tensor = hypercolumns(image)[HYPERCOLUMN][0]
        return columns

    paintings = [_thinned(seen(turned[None]), MOST) for turned in rotations(painting)]
    mean = torch.stack([each.mean((1, 2), keepdim=True) for each in paintings]).mean(0)
    for each in paintings:
        each -= mean
    patches = Patches(paintings)
    target = patches.assembled(patches.nearest(_centered(seen(image)))) + mean
    return NeighborTerm(target[None], weight)


@torch.no_grad()
def split_terms(
    network: nn.Module, layers: Mapping[str, float], painting: Tensor, weight: float, seed: int
) -> list[SplitTerm]:
    """The terms, one a layer, that make places like those of a painting (3, H, W) again and again."""
    found: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    for turned in rotations(painting):
        for layer, values in network(turned[None]).items():
            found[layer].append(_thinned(values[0].to(torch.promote_types(values.dtype, torch.float32)), SPLIT**2))
    return [SplitTerm(layer, [*map(_centered, found[layer])], weight * share, seed) for layer, share in layers.items()]


def _thinned(features: Tensor, most: int) -> Tensor:
    """Features (C, H, W) at so many places at the most, evenly spread."""
    stride = math.ceil((features[0].numel() / most) ** 0.5)
    return features[:, ::stride, ::stride].contiguous()


def _distance(own: Tensor, target: Tensor) -> Tensor:
    """Mean over places of 1 − cosine, of features (1, C, H, W)."""
    return 1 - F.cosine_similarity(own, target, dim=1).mean()


def _centered(features: Tensor) -> Tensor:
    """Features (…, C, H, W) less their mean over all places."""
    return features - features.mean(dim=(-2, -1), keepdim=True)
