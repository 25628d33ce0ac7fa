"""A picture made of a painting's patches: what a loss network sees of it, three places a side, it saw of the painting.

C. Li, M. Wand, "Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from impasto.model.optimization.patches import Patches
from impasto.model.perception.losses import relative_error

SIDE = 3
"""Places a side of a patch."""
SHARE = 0.15
"""Of the style weight: patches of the painting leave nothing of the photo where Gram matrices still do."""
REMATCHED = 10
"""Looks at the picture after which its nearest patches are sought anew. The authors' program does at each."""


class PatchTerm:
    """weight · ‖F(y) − T‖² / ‖T‖² at a layer, where T is made of the patches of the painting nearest to those of F(y).

    painting: F(s), (C, H, W), float32. Nearest is the greatest cosine, and nearest to the picture as it is, not to the
    photo. The paper sums the squared distances of all patches; where they overlap T is their mean, and so the gradient
    at each place is that sum's divided by how many patches lie over it, as in the authors' program.
    """

    name: ClassVar[str] = "patches"

    def __init__(self, layer: str, painting: Tensor, weight: float = 1.0) -> None:
        self.layer, self.weight = layer, weight
        self._patches, self._looks = Patches([painting], SIDE), 0

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        seen = features[self.layer]
        seen = seen.to(torch.promote_types(seen.dtype, torch.float32))
        return self.weight * relative_error(seen, self._target(seen)).sum()

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    @torch.no_grad()
    def _target(self, seen: Tensor) -> Tensor:
        """T, (1, C, H, W), of features as they are or were some looks ago."""
        if self._looks % REMATCHED == 0:
            self._assembled = self._patches.assembled(self._patches.nearest(seen[0]))[None]
        self._looks += 1
        return self._assembled
