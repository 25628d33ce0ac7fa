"""What stands out in the spectrum of a picture's fine detail: patterns that repeat, which photos hardly have.

Looked at in small windows, each brought to the same contrast, so that a pattern in a flat area counts as much as one
among strong edges.
"""

from __future__ import annotations

import torch
from torch import Tensor

WINDOW = 48
"""Pixels: enough to tell periods apart, and few enough for lines that bend, in pictures of 128 pixels too."""
APART = 3
"""Steps in a window's spectrum from a peak to its neighbours: Hann's window spreads a peak over 2."""
COARSE = 0.08
"""Per pixel: what is slower belongs to the picture."""
FAINT = 1 / 255
"""Standard deviation of noise that is not seen, nor can be in 8 bits."""
NO_PATTERN = 0.02
"""Energy at one frequency, relative to the mean of a window's detail, that is no pattern."""


def frequencies(periods: tuple[float, float], oblique: float) -> Tensor:
    """Steps of a window's spectrum of periods in a range and of slopes of at least some degrees: (F, 2), per pixel.

    periods: the shortest and the longest, in pixels. oblique: degrees from both axes. Of each pair of opposite
    frequencies, which are equal in pictures, one.
    """
    steps = torch.fft.fftfreq(WINDOW)
    down, right = torch.cartesian_prod(steps, steps).unbind(dim=1)
    period = 1 / torch.hypot(down, right)
    slope = torch.atan2(down.abs(), right.abs()).rad2deg()
    wanted = (period >= periods[0]) & (period <= periods[1]) & (slope >= oblique) & (slope <= 90 - oblique)
    one_of_two = (down > 0) | ((down == 0) & (right > 0))
    return torch.stack([down, right], dim=1)[wanted & one_of_two]


def opponent_planes(pictures: Tensor) -> Tensor:
    """Brightness, red − green and blue − yellow: (B, 3, H, W) -> (B, 3, H, W)."""
    red, green, blue = pictures.unbind(dim=1)
    return torch.stack([pictures.mean(dim=1), red - green, blue - (red + green) / 2], dim=1)


def standing_out(planes: Tensor, frequencies: Tensor) -> Tensor:
    """Energy at some frequencies relative to that around them: (B, C, H, W), (F, 2) per pixel -> (B, C, F).

    Around are a longer and a shorter period in the same direction, where the sharp edges of a photo are as strong, and
    the same period in other directions, where isotropic texture is. The stronger of both counts.
    """
    window = min(WINDOW, *planes.shape[2:]) // 4 * 4  # so that periods of 2 and 4 are in its spectrum
    spectrum = _spectrum(planes, window)
    away = frequencies / frequencies.norm(dim=1, keepdim=True) * APART / window
    aside = away.flip(1) * torch.tensor([1, -1])

    def at(places: Tensor) -> Tensor:
        rows, columns = ((places * window).round().long() % window).unbind(dim=1)
        return spectrum[..., rows, columns]

    turned = (at(frequencies - aside) + at(frequencies + aside)) / 2
    around = torch.stack([at(frequencies - away), at(frequencies + away), turned]).amax(dim=0)
    ratio: Tensor = at(frequencies) / (around + NO_PATTERN)
    return ratio


def _spectrum(planes: Tensor, side: int) -> Tensor:
    """Mean energy of overlapping windows, each relative to its own in fine detail: (B, C, H, W) -> (B, C, S, S)."""
    windows = planes.unfold(2, side, side // 2).unfold(3, side, side // 2).flatten(2, 3)
    hann = torch.hann_window(side, device=planes.device)
    taper = hann[:, None] * hann
    energy = torch.view_as_real(torch.fft.fft2((windows - windows.mean(dim=(3, 4), keepdim=True)) * taper))
    energy = energy.square().sum(dim=-1)  # unlike abs(), with a gradient where nothing is
    steps = torch.fft.fftfreq(side, device=planes.device)
    fine = energy[..., torch.hypot(steps[:, None], steps) >= COARSE].mean(dim=3)
    unseen = FAINT**2 * taper.square().sum()
    relative: Tensor = energy / (fine + unseen)[..., None, None]
    return relative.mean(dim=2)
