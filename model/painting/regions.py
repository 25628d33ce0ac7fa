"""Regions of a picture, each with a style, a strength, colours and strokes of its own.

All styles are painted in one pass, by a map of which has which share of each place (`model/network/style_map.py`);
where strokes differ, in one for each size of them. Strength and colours are maps for whoever finishes the painting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from impasto.model.network.style_map import StyleMap
from impasto.model.painting.finish import Share
from impasto.model.painting.ladder import Size
from impasto.model.painting.masks import FINEST, blurred, stretched, within
from impasto.model.painting.stroke import Stroke

MOST_REGIONS = 8
TRUNK = 4
"""How many of a picture's pixels the deepest features' are high and wide."""
FEATHER = 8
"""Pixels of those features over which one style becomes another, at least: a harder edge would be seen as one."""


@dataclass(frozen=True)
class Look:
    """How something is painted: a style vector (E,), and the rest as `Stylizer.stylize` takes it."""

    style_vector: Tensor
    strength: float = 1.0
    preserve_color: bool = False
    stroke: Stroke = 1.0


@dataclass(frozen=True)
class Region:
    """mask: (h, w), in [0, 1], stretched over the picture: how far each place belongs to the region."""

    mask: Tensor
    look: Look


class Regions:
    """Who has which share of each place of a picture.

    Regions that overlap share a place in proportion to their masks, in whatever order they are named. What they leave
    is the rest's, or stays the photo where there is none. An empty mask is no region.

    size: height and width of the picture. rest: how it is painted where no region is; None: not at all.
    by_region: normalize each region by its own statistics, see `StyleMap`.
    """

    def __init__(
        self, size: Size, regions: Sequence[Region], rest: Look | None = None, *, by_region: bool = False
    ) -> None:
        masks = torch.stack([stretched(each.mask[None], within(size, FINEST))[0] for each in regions])
        covered = masks.sum(0, keepdim=True)
        masks = torch.cat([masks / covered.clamp(min=1), (1 - covered).clamp_(min=0)])
        self._masks = (masks * 255).round_().byte()  # a byte each, since there may be eight of a large picture
        self._looks = [*(each.look for each in regions), rest]
        painted = [n for n, look in enumerate(self._looks) if look and look.strength > 0 and self._masks[n].any()]
        self._painted = painted or [n for n, look in enumerate(self._looks) if look]
        self.by_region = by_region

    @property
    def vectors(self) -> Tensor:
        """The styles that are painted, (K, E)."""
        return torch.stack([look.style_vector for n in self._painted if (look := self._looks[n])])

    def shares(self, size: Size) -> Tensor:
        """Of those styles, (K, h, w), for a picture that is painted in that size: as `StyleMap` has them."""
        trunk = [-(-side // TRUNK) for side in size]
        return _partition(blurred(stretched(self._layers(self._painted), (trunk[0], trunk[1])), FEATHER))

    @property
    def strokes(self) -> list[Stroke]:
        """Every size of strokes that is painted, each in a pass of its own."""
        return list(dict.fromkeys(look.stroke for n in self._painted if (look := self._looks[n])))

    def painted_with(self, stroke: Stroke) -> Share:
        """Where strokes have that size."""
        return self._mean({n: float(look.stroke == stroke) for n in self._painted if (look := self._looks[n])})

    @property
    def strength(self) -> Share:
        """How strong the painting is; 0 where the photo stays."""
        return self._mean({n: look.strength if look else 0.0 for n, look in enumerate(self._looks)})

    @property
    def preserve_color(self) -> Share:
        """Where the photo's colours are kept."""
        return self._mean({n: float(look.preserve_color) for n in self._painted if (look := self._looks[n])})

    def _mean(self, values: dict[int, float]) -> Share:
        """Of values of some layers, at each place; a number where they are all the same."""
        there = {n: value for n, value in values.items() if self._masks[n].any()} or values
        if len(set(there.values())) == 1:
            return next(iter(there.values()))
        weights = torch.tensor(list(there.values()))
        return torch.einsum("k,khw->hw", weights, _partition(self._layers(list(there))))[None].clamp_(0, 1)

    def _layers(self, numbers: Sequence[int]) -> Tensor:
        return self._masks[list(numbers)].float().div_(255)


def style_map(styles: Sequence[Tensor | Regions], size: Size) -> StyleMap:
    """Of a batch of pictures that are painted in that size, each in one style, as its vector (E,), or in regions."""
    vectors = [each.vectors if isinstance(each, Regions) else each[None] for each in styles]
    shares = [each.shares(size) if isinstance(each, Regions) else torch.ones(1, 1, 1) for each in styles]
    height, width = (max(each.shape[axis] for each in shares) for axis in (1, 2))
    filled = torch.zeros(len(styles), max(map(len, vectors)), height, width)
    for row, share in zip(filled, shares, strict=True):
        row[: len(share)] = share
    by_region = any(each.by_region for each in styles if isinstance(each, Regions))
    return StyleMap(pad_sequence(vectors, batch_first=True), filled, by_region)


def _partition(masks: Tensor) -> Tensor:
    """Masks (K, h, w), with sum 1 at every place; where there is none, they are as in the whole picture."""
    total, everywhere = masks.sum(0), masks.mean(dim=(1, 2)) + 1e-9
    return torch.where(total > 0, masks / total, (everywhere / everywhere.sum())[:, None, None])
