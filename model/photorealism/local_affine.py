"""A small picture's colours and light, carried to the large photo that it was made from.

Around each place, what became of the photo is fitted by a straight map of its colours, in closed form: twelve numbers,
which vary slowly. They are enlarged, and applied to the photo itself, so that every edge is the photo's: none bends,
whatever the small picture did to it (K. He, J. Sun, X. Tang, "Guided Image Filtering", 2013; fitted small and applied
large as in their "Fast Guided Filter", 2015). What is fitted is the difference from the photo: where that shows too
little to fit anything to, its grain stays as it is, and only its colour moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import resampled_rows, shown_small, within

SMALL = 512
"""Pixels on the longer side of pictures that are carried; larger ones are reduced."""


@dataclass(frozen=True)
class AffineConfig:
    """How straight maps are fitted.

    window: pixels of the small picture on a side of what each is fitted in; a quarter as many lie between two.
    noise: variance of a colour within a window, of values in [0, 1], below which the photo shows nothing.
    """

    window: int = 32
    noise: float = 5e-4

    @property
    def apart(self) -> int:
        """Pixels between the middles of two windows."""
        return self.window // 4


PAINTED = AffineConfig(window=128, noise=1e-3)
"""Of paintings, whose strokes are neither colour nor light: windows hold many of them."""


class LocalAffine:
    """A picture (3, h, w) in [0, 1], of any size, as straight maps of the colours of the photo it was made from."""

    def __init__(self, made: Tensor, photo: Picture, config: AffineConfig) -> None:
        self._width, self._height = photo.size
        small = within((min(made.shape[1], self._height), min(made.shape[2], self._width)), SMALL)
        rows, columns = (max(1, round(side / config.apart)) for side in small)
        whole_windows = rows * config.apart, columns * config.apart
        shown = resample(shown_small(photo.pixels, *small)[None], whole_windows)[0]
        made = resample(resample(made[None], small), whole_windows)[0]
        self._maps = _fitted(shown, made - shown, config)

    def rows(self, rows: slice, photo: Picture) -> Tensor:
        """Some rows of the photo with the picture's colours and light, (3, rows, W). photo: those rows of it."""
        offsets, *slopes = resampled_rows(self._maps, self._height, self._width, rows).split(3)
        colors = photo.rgb
        result: Tensor = colors + offsets
        for slope, channel in zip(slopes, colors, strict=True):
            result.addcmul_(slope, channel)
        return result.clamp_(0, 1)


def _fitted(photo: Tensor, change: Tensor, config: AffineConfig) -> Tensor:
    """The maps (12, h / apart, w / apart) from a photo to its change, both (3, h, w).

    Each is an offset of three colours, then how much they change with red, with green and with blue.
    """

    def means(channels: Tensor) -> Tensor:
        beyond = (config.window - config.apart) // 2
        around: Tensor = F.avg_pool2d(channels, config.window, config.apart, beyond, count_include_pad=False)
        return around

    def products(one: Tensor, other: Tensor) -> Tensor:
        each: Tensor = means((one[:, None] * other).flatten(0, 1)).unflatten(0, (3, 3))
        return each

    middle, mean = means(photo), means(change)
    covariance = products(photo, photo) - middle[:, None] * middle
    together = products(photo, change) - middle[:, None] * mean
    slopes = torch.linalg.solve(_last(covariance) + config.noise * torch.eye(3), _last(together)).permute(2, 3, 0, 1)
    offsets = mean - (slopes * middle[:, None]).sum(0)
    return torch.cat([offsets, slopes.flatten(0, 1)])


def _last(matrices: Tensor) -> Tensor:
    """(3, 3, h, w) -> (h, w, 3, 3)."""
    return matrices.permute(2, 3, 0, 1)
