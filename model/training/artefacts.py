"""What goes wrong in painted pictures, measured without knowing what they should look like.

Each measure is one number per picture, and means little by itself: compare with the same photos painted in
styles that are known to be good.
"""

from __future__ import annotations

import torch
from torch import Tensor

PERIODS = (2, 4)
"""Pixels. Two stages of upsampling by 2 leave their traces at these."""
BORDER = 8
"""Pixels along the border, where padding shows."""


def saturation(pictures: Tensor) -> Tensor:
    """Share of values that are as dark or as bright as can be: (B, 3, H, W) in [0, 1] -> (B,)."""
    extreme = (pictures <= 1 / 255) | (pictures >= 254 / 255)
    return extreme.float().mean(dim=(1, 2, 3))


def checkerboard(pictures: Tensor) -> Tensor:
    """How far the spectrum stands out at the periods of upsampling: (B, 3, H, W) -> (B,), 1 is not at all.

    Energy at 2 and 4 pixels along each axis, relative to that of the frequencies around; the largest of these ratios.
    """
    luminance = pictures.mean(dim=1)
    height, width = luminance.shape[1:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)
    energy = torch.fft.fft2((luminance - luminance.mean(dim=(1, 2), keepdim=True)) * window).abs().square()
    ratios = []
    for period in PERIODS:
        for row, column in ((height // period, 0), (0, width // period), (height // period, width // period)):
            peak = _around(energy, row, column, 1)
            ratios.append(peak / _around(energy, row, column, 6).clamp_min(1e-12))
    return torch.stack(ratios).amax(dim=0)


def border(pictures: Tensor) -> Tensor:
    """Contrast along the border relative to that inside: (B, 3, H, W) -> (B,), 1 is equal."""
    rough = pictures.diff(dim=2)[..., 1:].abs() + pictures.diff(dim=3)[..., 1:, :].abs()
    inside = rough[..., BORDER:-BORDER, BORDER:-BORDER]
    total, inner = rough.sum(dim=(1, 2, 3)), inside.sum(dim=(1, 2, 3))
    outer = (total - inner) / (rough[0].numel() - inside[0].numel())
    return outer / (inner / inside[0].numel()).clamp_min(1e-6)


def _around(energy: Tensor, row: int, column: int, radius: int) -> Tensor:
    """Mean energy within some frequencies of a place in the spectrum, which wraps around: (B, H, W) -> (B,)."""
    rows = torch.arange(row - radius, row + radius + 1) % energy.shape[1]
    columns = torch.arange(column - radius, column + radius + 1) % energy.shape[2]
    return energy[:, rows][:, :, columns].mean(dim=(1, 2))
