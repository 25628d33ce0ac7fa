"""Whether a photo looks the same painted at every resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.model.evaluation.evaluate import Paint
from impasto.model.painting.stroke import Stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.color import brightness
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import fit

COARSEST = 20
"""Periods on the longer side. What is slower is where colours go, not how the brush goes."""
PER_OCTAVE = 8
"""Bands of a spectrum."""
BANDS = 8 * PER_OCTAVE
"""Down to five thousand periods on the longer side."""


def painted_larger(stylizer: Stylizer, vectors: Tensor, side: int, stroke: Stroke = 1.0) -> Paint:
    """Painting for `evaluate`: a photo is enlarged to a longer side, painted there, and made as large as it was.

    vectors: (N, E), of the rows.
    """

    def paint(photo: Tensor, row: int) -> Tensor:
        large = Picture.from_rgb(fit(photo, side))
        return fit(stylizer.stylize(large, vectors[row], stroke=stroke).rgb, max(photo.shape[1:]))

    return paint


def stroke_period(
    stylizer: Stylizer, vectors: Tensor, photos: Sequence[Tensor], *, side: int, stroke: Stroke = 1.0
) -> float:
    """How far apart the strongest strokes are in photos (3, H, W) painted in styles (N, E), relative to a longer side.

    The photos are made so large on their longer side. The peak of the radial spectrum of what was painted, in energy
    per octave, of all pictures together: a single one has several that are almost as high. NaN where there is no peak.
    """
    spectra = []
    for photo in photos:
        large = Picture.from_rgb(fit(photo, side))
        spectra += [_painted(stylizer.stylize(large, each, stroke=stroke).rgb, large.rgb) for each in vectors]
    return _peak(torch.stack(spectra).mean(0))


def _painted(picture: Tensor, photo: Tensor) -> Tensor:
    """The energy of what is painted over a photo, both (3, H, W), in each band: what is left of the picture without
    what it has in common with the photo, which may be brighter or weaker there and is no stroke for it."""
    longest = max(photo.shape[1:])
    down, right = torch.fft.fftfreq(photo.shape[1])[:, None] * longest, torch.fft.rfftfreq(photo.shape[2]) * longest
    octave = torch.log2(torch.hypot(down, right).clamp_min(1) / COARSEST)
    band = (octave * PER_OCTAVE).floor().long()
    inside = (band >= 0) & (band < BANDS)

    def banded(values: Tensor) -> Tensor:
        return torch.zeros(BANDS, dtype=values.dtype).index_add_(0, band[inside], values[inside])

    painted, shown = _transformed(picture), _transformed(photo)
    common = banded(painted * shown.conj()).abs().square() / banded(shown.abs().square()).clamp_min(1e-12)
    return (banded(painted.abs().square()) - common) / math.prod(photo.shape[1:]) ** 2


def _transformed(image: Tensor) -> Tensor:
    """The half of the brightness's Fourier transform that says all, (H, W // 2 + 1), faded out to the edges.

    In float64: what is left of equal pictures is to be nothing.
    """
    values = brightness(image)[0].double()
    height, width = values.shape
    taper = torch.hann_window(height)[:, None] * torch.hann_window(width)
    transformed: Tensor = torch.fft.rfft2((values - values.mean()) * taper)
    return transformed


def _peak(spectrum: Tensor) -> float:
    """The period of the highest peak of (BANDS,), smoothed over an octave, found between bands by a parabola."""
    window = torch.bartlett_window(PER_OCTAVE + 1, periodic=False)[1:-1]
    smooth = (spectrum.float().unfold(0, len(window), 1) @ window).clamp_min(1e-12).log()
    before, middle, after = smooth.unfold(0, 3, 1).unbind(1)
    is_peak = (middle > before) & (middle >= after)  # what rises to the coarsest or the finest is none
    if not is_peak.any():
        return math.nan
    at = int(torch.where(is_peak, middle, -torch.inf).argmax())
    between = (before[at] - after[at]) / 2 / (before[at] - 2 * middle[at] + after[at])
    band = at + 1 + len(window) // 2 + float(between)
    return 1 / (COARSEST * 2 ** ((band + 0.5) / PER_OCTAVE))
