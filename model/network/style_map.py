"""Where each of several styles goes in a picture: γ and β as maps.

A style is the scale and shift after each normalization, and so it may be another one at every place,

    y = Σₖ Mₖ · (γₖ · x̂ + βₖ)        Mₖ ≥ 0, Σₖ Mₖ = 1

which takes one pass, however many styles there are. Where a share is 1, that is its style's normalization to the last
bit. The paper blends styles in the whole picture; L. Gatys et al., "Controlling Perceptual Factors in Neural Style
Transfer" (2017), have such maps in an optimisation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from impasto.model.network.operations import Gauge, Window, around_corners
from impasto.model.network.statistics import Statistics

STRIP = 64
"""Rows that are measured at once: their squares, float32, are not to be as large as the picture."""


@dataclass(frozen=True)
class StyleMap:
    """The styles of a batch of pictures, and which share of each place is whose.

    vectors: (B, K, E).
    shares: (B, K, h, w), float32, at least 0, with sum 1 at every place. They are stretched over the picture: h and w
        may be smaller than its, and between them shares change linearly.
    by_region: each style's features are normalized by the statistics of where it is, not by those of the picture.
    """

    vectors: Tensor
    shares: Tensor
    by_region: bool = False

    def __getitem__(self, pictures: slice) -> StyleMap:
        return replace(self, vectors=self.vectors[pictures], shares=self.shares[pictures])

    def to(self, device: torch.device) -> StyleMap:
        return replace(self, vectors=self.vectors.to(device), shares=self.shares.to(device))

    def within(self, window: Window, whole: Window) -> Tensor:
        """The shares (B, K, H, W), channels-last, of the pixels in a window; whole: all that there are.

        A pixel's are the same whatever the window: tiles are to equal the whole.
        """
        shares = self.shares.permute(0, 2, 3, 1)
        for axis, (span, every) in enumerate(zip(window, whole, strict=True), start=1):
            shares = _stretched(shares, axis, span, len(every))
        return shares.contiguous().permute(0, 3, 1, 2)


Styles = Tensor | StyleMap
"""The styles of a batch: one vector a picture, (B, E), or maps."""


class RegionGauge(Gauge):
    """Measures the features of each style's own places: means and squares are (B, K, C)."""

    def __init__(self, shares: Callable[[Window], Tensor]) -> None:
        """shares: those of a window, as `StyleMap.within` has them."""
        super().__init__()
        self._shares = shares

    def add(self, features: Tensor, window: Window, doubled: bool) -> None:
        """As `Gauge.add`."""
        pixels = around_corners(features, window) if doubled else features
        shares = self._shares(window)
        for top in range(0, pixels.shape[2], STRIP):
            strip = slice(top, top + STRIP)
            self.merge(Statistics.of_shares(pixels[:, :, strip], shares[:, :, strip]))


def _stretched(values: Tensor, axis: int, span: range, length: int) -> Tensor:
    """Values at some of `length` places, between which they are as far apart as they are many."""
    count = values.shape[axis]
    if (count, len(span)) == (length, length):
        return values
    places = (torch.arange(span.start, span.stop, dtype=torch.float64, device="cpu") + 0.5) * (count / length) - 0.5
    places.clamp_(0, count - 1)
    before = places.floor().long()
    after = (before + 1).clamp_(max=count - 1)
    further = (places - before).float().view(-1, *[1] * (values.ndim - axis - 1))
    first, second = (values.index_select(axis, index.to(values.device)) for index in (before, after))
    return first.lerp_(second, further.to(values.device))
