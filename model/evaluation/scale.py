"""Whether a photo looks the same painted at every resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import torch
from torch import Tensor

from impasto.model.evaluation.evaluate import Paint
from impasto.model.painting.stroke import Stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.color import brightness
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import fit

COARSEST = 24
"""Periods on the longer side. What is slower is where colours go, not how the brush goes."""
PER_OCTAVE = 4
"""Bands of a spectrum."""


def painted_larger(stylizer: Stylizer, vectors: Tensor, side: int, stroke: Stroke = 1.0) -> Paint:
    """Painting for `evaluate`: a photo is enlarged to a longer side, painted there, and made as large as it was.

    vectors: (N, E), of the rows.
    """

    def paint(photo: Tensor, row: int) -> Tensor:
        large = Picture.from_rgb(fit(photo, side))
        return fit(stylizer.stylize(large, vectors[row], stroke=stroke).rgb, max(photo.shape[1:]))

    return paint


def typical_period(
    stylizer: Stylizer, vectors: Tensor, photos: Sequence[Tensor], *, side: int, stroke: Stroke = 1.0
) -> float:
    """The median `stroke_period` of photos (3, H, W), made so large on their longer side, in styles (N, E)."""
    found = []
    for photo in photos:
        large = Picture.from_rgb(fit(photo, side))
        found += [stroke_period(stylizer.stylize(large, each, stroke=stroke).rgb, large.rgb) for each in vectors]
    return median(found)


def stroke_period(painted: Tensor, photo: Tensor) -> float:
    """How far apart a painting's strongest strokes are, relative to its longer side; both (3, H, W) in [0, 1].

    The peak of the radial spectrum of what was painted, in energy per octave.
    """
    values = brightness(painted - photo)[0]
    height, width = values.shape
    taper = torch.hann_window(height)[:, None] * torch.hann_window(width)
    energy = torch.fft.rfft2((values - values.mean()) * taper).abs().square()
    longest = max(height, width)
    down, right = torch.fft.fftfreq(height)[:, None] * longest, torch.fft.rfftfreq(width) * longest
    octave = torch.log2(torch.hypot(down, right).clamp_min(1) / COARSEST)
    bands = int(PER_OCTAVE * math.log2(longest / 2 / COARSEST))  # up to two pixels
    band = (octave * PER_OCTAVE).floor().long()
    inside = (band >= 0) & (band < bands)
    spectrum = torch.zeros(bands).index_add_(0, band[inside], energy[inside])
    return 1 / (COARSEST * 2 ** ((_peak(spectrum) + 0.5) / PER_OCTAVE))


def _peak(values: Tensor) -> float:
    """Where a parabola through the largest value and its neighbours has its top."""
    at = int(values.argmax())
    if not 0 < at < len(values) - 1:
        return float(at)
    before, top, after = (float(each) for each in values[at - 1 : at + 2].clamp_min(1e-12).log())
    return at + (before - after) / 2 / (before - 2 * top + after)
