"""The picture whose pixels others are made of. What is made is a map: where in the exemplar each pixel comes from.

So whatever an exemplar has, colours of any depth, transparency, a mask, a map of heights, is put together by one map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.pictures.images import TooSmall
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import resample

Show = Callable[[float], object]
"""Told now and then which share of a picture is made; what it raises ends the making."""


MOST_PIXELS = 100_000_000
"""Of what is made: each takes some forty bytes."""
FLAT = 1 / 255
"""Spread of brightness below which there is none to be made larger."""
FINE = 2**16
"""Steps of brightness in which it is measured."""


class NoWindow(TooSmall):
    """There is no window of that size on an exemplar."""


@dataclass(frozen=True)
class Exemplar:
    """What others are made of.

    rgb: (3, h, w), float32 in [0, 1].
    usable: (h, w), bool: pixels that may be taken. None: all.
    """

    rgb: Tensor
    usable: Tensor | None = None

    @classmethod
    def of(cls, picture: Picture) -> Exemplar:
        """A picture; what is fully transparent is never taken."""
        return cls(picture.rgb, None if picture.alpha is None else picture.alpha > 0)

    @property
    def pixels(self) -> Tensor:
        """(h, w, 3)."""
        return self.rgb.permute(1, 2, 0).contiguous()

    def windows(self, side: int) -> Tensor:
        """Which windows of so many pixels a side may be taken, by their upper left corners: (h', w'), bool.

        Raises NoWindow.
        """
        height, width = self.rgb.shape[1:]
        if side > min(height, width):
            raise NoWindow(
                f"the exemplar has {width} × {height} pixels, fewer than the {side} × {side} that are "
                "looked at together; take a larger one or look at less"
            )
        if self.usable is None:
            return torch.ones(height - side + 1, width - side + 1, dtype=torch.bool)
        missing = F.max_pool2d((~self.usable).float()[None, None], side, stride=1)[0, 0]
        if missing.all():
            raise NoWindow(
                f"no {side} × {side} pixels of the exemplar are without fully transparent ones; look at less"
            )
        return missing == 0


def check_size(height: int, width: int) -> None:
    """Raises InvalidValue for what is no size of a picture, or one that no memory has room for."""
    if min(height, width) < 1 or height * width > MOST_PIXELS:
        raise InvalidValue(f"{width} × {height} pixels cannot be made: 1 to {MOST_PIXELS:,} can")


def assembled(values: Tensor, coordinates: Tensor) -> Tensor:
    """What an exemplar has at each pixel, (h, w, …) of any type, where a map (H, W, 2) says: (H, W, …)."""
    return values[coordinates[..., 0], coordinates[..., 1]]


def rearranged(picture: Picture, coordinates: Tensor) -> Picture:
    """The picture (H, W) that a map makes of an exemplar's pixels, with their transparency."""
    alpha = None if picture.alpha is None else assembled(picture.alpha, coordinates)
    return replace(picture, pixels=assembled(picture.pixels, coordinates), alpha=alpha, reduced_from=None)


def square(side: int) -> Tensor:
    """Row and column of each pixel of a square: (side², 2), row by row."""
    along = torch.arange(side)
    return torch.cartesian_prod(along, along)


def remapped(brightness: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Brightness with the mean and the spread of `wanted`, where `own`, of the same kind, has its own; any shapes."""
    (mean, spread), (wanted_mean, wanted_spread) = _moments(own), _moments(wanted)
    return (brightness - mean) * (wanted_spread / max(spread, FLAT)) + wanted_mean


def _moments(values: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of values in [0, 1], by integers, whose sums have no order."""
    steps = (values.double() * FINE).round().long()
    mean = int(steps.sum()) / steps.numel()
    variance = int(steps.square().sum()) / steps.numel() - mean**2
    return mean / FINE, max(variance, 0.0) ** 0.5 / FINE


def pyramid(channels: Tensor, levels: int) -> list[Tensor]:
    """(C, H, W) in so many sizes from coarse to fine, each half of the next one, rounded up."""
    found = [channels]
    while len(found) < levels:
        height, width = found[0].shape[1:]
        found.insert(0, resample(found[0][None], (-(-height // 2), -(-width // 2)))[0])
    return found
