"""The statistics of a normalization, as a value: of a whole picture, or merged from its parts.

What is painted with the statistics of something else is normalized as that was: a part as its whole, a frame of a video
as the frames before it, a region as its picture. `StyleNetwork` and `FastNetwork` may be given a sequence of them, one
per normalization in the order of the layers; `FastNetwork.statistics_of` finds one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

EPSILON = 1e-5
"""ε, added to a variance before it divides: the paper's, of every normalization, here and in what paints faster."""

NOWHERE = 1e-30
"""In place of a sum of shares that is 0, which divides nothing."""


@dataclass(frozen=True)
class Statistics:
    """Of features, per image and channel: how many pixels, their mean, the sum of squared differences from it.

    count: pixels of an image. mean, squares: (B, C), float64, on the CPU; B may be 1, for all images of a batch.
    Of several styles' own places all three are theirs: mean and squares (B, K, C), count (B, K, 1) the sum of shares.
    """

    count: int | Tensor
    mean: Tensor
    squares: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Statistics:
        """Those of features (B, C, H, W), which may be a window of larger ones."""
        variance, mean = torch.var_mean(features.float(), dim=(2, 3), correction=0)
        count = features.shape[2] * features.shape[3]
        return cls(count, mean.cpu().double(), variance.cpu().double() * count)

    @classmethod
    def of_shares(cls, features: Tensor, shares: Tensor) -> Statistics:
        """Those of features (B, C, H, W) where each of several styles is: its shares (B, K, H, W) weigh the pixels."""
        exact = features.float()
        count = shares.sum(dim=(2, 3))[..., None]
        mean = torch.einsum("bchw,bkhw->bkc", exact, shares) / count.clamp(min=NOWHERE)
        squares = torch.zeros_like(mean)
        for k, (own, share) in enumerate(zip(mean.unbind(1), shares.unbind(1), strict=True)):
            if share.any():  # from its own mean: squares of what is far from it would leave nothing of a small variance
                apart = (exact - own[..., None, None]).square_()
                squares[:, k] = torch.einsum("bchw,bhw->bc", apart, share)
        return cls(count.cpu().double(), mean.cpu().double(), squares.cpu().double())

    @property
    def variance(self) -> Tensor:
        """(B, C), or (B, K, C), biased, as the paper's; 0 for a style that is nowhere."""
        return self.squares / (self.count if isinstance(self.count, int) else self.count.clamp(min=NOWHERE))

    def __add__(self, other: Statistics) -> Statistics:
        """Those of the pixels of both (Chan, Golub and LeVeque, 1979): no square of a large number is ever taken."""
        count = self.count + other.count
        apart = other.mean - self.mean
        share = other.count / (count if isinstance(count, int) else count.clamp(min=NOWHERE))
        squares = self.squares + other.squares + apart.square() * (self.count * share)
        return Statistics(count, self.mean + apart * share, squares)

    def pooled(self) -> Statistics:
        """Those of all images together, B = 1."""
        first, *others = (
            Statistics(self.count, *each) for each in zip(self.mean.split(1), self.squares.split(1), strict=True)
        )
        return sum(others, start=first)


Measure = Callable[[], Statistics]
"""Measures features that are there now."""


@dataclass(eq=False)
class Held:
    """Statistics of pictures that were painted before, by which the next one is.

    pace: how far they move, before it is painted by them, towards the next picture's own, from 0 to 1. To those of the
        first one they are set.
    moments: of each normalization the means and then the variances, in the order of a style's γ and β, (E,), float64;
        None before the first picture.
    """

    pace: float
    moments: Tensor | None = None

    def drifting(self, sizes: Sequence[int]) -> Drift:
        """Those that the next picture is painted by. sizes: how many numbers each normalization has.

        Raises ValueError where those that are held are of another network.
        """
        size = sum(sizes)
        if self.moments is None:
            return Drift(self, torch.zeros(size, dtype=torch.float64), 1.0, sizes)
        if len(self.moments) != size:
            raise ValueError(f"the statistics that are held are {len(self.moments)} numbers, not {size}")
        return Drift(self, self.moments.clone(), self.pace, sizes)


@dataclass(frozen=True)
class Drift:
    """Statistics that are held, as they move while a picture is painted by them."""

    held: Held
    moments: Tensor
    pace: float
    sizes: Sequence[int]

    def by(self, layer: int, measure: Measure) -> Statistics:
        """What a layer is normalized by, once it is moved. measure: measures its features."""
        mean, variance = self.moments.split(list(self.sizes))[layer].chunk(2)
        if self.pace:
            found = measure().pooled()
            mean.lerp_(found.mean[0], self.pace)
            variance.lerp_(found.variance[0], self.pace)
        return Statistics(1, mean[None], variance[None])

    def keep(self) -> None:
        """The next picture goes on from here."""
        self.held.moments = self.moments


def scale_and_shift(
    features: Tensor, style: Tensor, given: Statistics | None = None, shares: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """What normalizes features (B, C, H, W): times a scale, plus a shift, float32 of shape (B, C, 1, 1).

    style: (B, 2C), γ first, then β. given: used instead of the features' own.
    shares: (B, K, H, W) of several styles (B, K, 2C); scale and shift are then maps, (B, C, H, W).
    """
    gamma, beta = style.float().chunk(2, dim=-1)
    if given is None:
        variance, mean = torch.var_mean(features, dim=(2, 3), correction=0)
    else:
        variance, mean = (each.float().to(features.device) for each in (given.variance, given.mean))
    if mean.ndim < gamma.ndim:
        variance, mean = variance[:, None], mean[:, None]  # of the picture, for each of its styles
    scale = gamma * torch.rsqrt(variance + EPSILON)
    shift = beta - mean * scale
    if shares is None:
        return scale[..., None, None], shift[..., None, None]
    scale, shift = (torch.einsum("bkc,bkhw->bchw", each, shares) for each in (scale, shift))
    return scale, shift


def one_each(statistics: Sequence[Statistics] | None, normalizations: int) -> Sequence[Statistics | None]:
    """What each normalization is given. Raises ValueError for another number of statistics."""
    if statistics is None:
        return [None] * normalizations
    if len(statistics) != normalizations:
        raise ValueError(f"there are {len(statistics)} statistics for {normalizations} normalizations")
    return statistics
