"""What is taken of a picture for another one: how its colours are spread, in 26 numbers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.model.photorealism.local_affine import SMALL
from impasto.model.pictures.oklab import to_oklab
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import shown_small, within

LEVELS = torch.linspace(0.005, 0.995, 17, dtype=torch.float64)
"""Which shares of a picture are darker than the lightnesses that are noted: what is rarer is chance."""
ROWS, COLUMNS = torch.tril_indices(3, 3)
NUMBERS = 3 + len(ROWS) + len(LEVELS)


@dataclass(frozen=True)
class Palette:
    """The colours of a picture or of a part of it, in OKLab, float64.

    mean: (3,). covariance: (3, 3). lightness: (17,), ascending, with the same share of the picture between two.
    """

    mean: Tensor
    covariance: Tensor
    lightness: Tensor

    @classmethod
    def of(cls, lab: Tensor, weights: Tensor) -> Palette:
        """Of OKLab (3, H, W). weights (H, W): how much each place counts; all of them the same where none does."""
        counts = weights.flatten().double()
        counts = counts / counts.sum() if counts.any() else torch.full_like(counts, 1 / len(counts))
        colors = lab.flatten(1).double()
        mean = colors @ counts
        centered = colors - mean[:, None]
        return cls(mean, (centered * counts) @ centered.T, _quantiles(colors[0], counts))

    @classmethod
    def from_numbers(cls, numbers: Tensor) -> Palette:
        """The reverse of `numbers`, of whatever numbers (26,)."""
        mean, triangle, lightness = numbers.double().split([3, len(ROWS), len(LEVELS)])
        covariance = torch.zeros(3, 3, dtype=torch.float64)
        covariance[ROWS, COLUMNS] = covariance[COLUMNS, ROWS] = triangle
        return cls(mean, covariance, lightness)

    @property
    def numbers(self) -> Tensor:
        """All of it, (26,)."""
        return torch.cat([self.mean, self.covariance[ROWS, COLUMNS], self.lightness])


@dataclass(frozen=True)
class Sample:
    """A picture as small as its palette is told from.

    lab: OKLab (3, h, w). opaque: (h, w), in [0, 1]: what is transparent has no colour.
    """

    lab: Tensor
    opaque: Tensor

    @classmethod
    def of(cls, picture: Picture) -> Sample:
        """Of a picture of any size."""
        height, width = picture.pixels.shape[:2]
        size = within((height, width), SMALL)
        opaque = torch.ones(size)
        if picture.alpha is not None:
            opaque = resample(picture.alpha[None, None].float(), size)[0, 0].clamp_(0, 255) / 255
        return cls(to_oklab(shown_small(picture.pixels, *size)), opaque)


def _quantiles(values: Tensor, counts: Tensor) -> Tensor:
    """The least of some values (N,) that has each share of LEVELS below it. counts (N,): of sum 1."""
    ascending, order = values.sort()
    there = torch.searchsorted(counts[order].cumsum(0), LEVELS)
    return ascending[there.clamp(max=len(values) - 1)]
