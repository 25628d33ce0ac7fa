"""Paintings of a photo's own size, where the network painted fewer pixels.

Beyond the finest size that the network paints, a painting is enlarged, and what the photo shows beyond its resolution
is added in the painting's own contrast and colours: how much each colour of the painting changes with the photo's
brightness is fitted in small windows, in closed form (K. He, J. Sun, X. Tang, "Guided Image Filtering", 2013, whose
fit this is at the small size, as in their "Fast Guided Filter", 2015). Here the fit carries only the photo's detail:
the strokes, which the photo knows nothing of, are enlarged as they are.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from impasto.model.network.config import StrokeConfig
from impasto.model.pictures.color import brightness
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import mean_around
from impasto.model.pictures.resize import reduced, resampled_rows

STEEPEST = 1.5
"""Most that a colour of the painting changes with the photo's brightness: more is a fit to noise."""


class Enlargement:
    """A painting (3, h, w) in its photo's size, a strip of rows at a time."""

    def __init__(self, painted: Tensor, photo: Picture, config: StrokeConfig) -> None:
        self._width, self._height = photo.size
        shown = brightness(reduced(photo.pixels, *painted.shape[1:]))
        self._maps = painted, slopes(painted, shown, radius=config.radius, noise=config.noise), shown

    def rows(self, rows: slice, photo: Picture) -> Tensor:
        """Some rows of the enlarged painting, (3, rows, W) in [0, 1]. photo: the same rows of the photo."""
        painted, slope, shown = (resampled_rows(each, self._height, self._width, rows) for each in self._maps)
        return torch.addcmul(painted, slope, brightness(photo.rgb) - shown).clamp_(0, 1)


def slopes(painted: Tensor, shown: Tensor, *, radius: int, noise: float) -> Tensor:
    """How much each colour of a painting (3, h, w) changes with the photo's brightness (1, h, w) around each pixel."""
    mean = partial(mean_around, radius=radius)
    middle = mean(shown)
    covariance = mean(painted * shown) - mean(painted) * middle
    variance = mean(shown * shown) - middle * middle
    return (covariance / (variance + noise)).clamp_(-STEEPEST, STEEPEST)
