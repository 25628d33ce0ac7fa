"""What goes wrong in painted pictures, measured without knowing what they should look like.

Each measure is one number per picture, the larger the worse, for RGB in [0, 1] of at least 32 × 32 pixels. Photos
lie below `THRESHOLDS`, networks broken on purpose (`model/evaluation/sabotage.py`) above.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.perception.spectrum import FAINT, frequencies, opponent_planes, standing_out

THRESHOLDS = {"checkerboard": 2.0, "border": 1.6, "saturation": 0.6, "diagonals": 1.6, "flat_noise": 0.06}
"""Above these a picture shows what hardly any photo does, so the network did it.

Set between photos and broken networks, nearer the photos, and rounded. The median and 99 % of 400 photos of
256 × 256 pixels, and the median style of a broken network: checkerboard 0.84, 1.5 and 9.6; border 0.90, 1.5 and 1.7;
saturation 0.01, 0.50 (white backgrounds) and 0.90; diagonals 0.88, 1.5 and 22. Flat noise has no photo to be
compared with, and brush work is no noise: a flat picture may be painted as rough as the median photo is in all its
detail, which is 0.058. Most styles paint it half as rough, those of dots and hatching rougher, a hissing network 0.18.
"""
GRID = torch.cartesian_prod(*2 * [torch.tensor([0, 1, 2, -1]) / 4])[1:]
"""Frequencies (15, 2), per pixel, of periods 2 and 4, where two stages of upsampling by 2 leave their traces."""
LINES = frequencies(periods=(4, 10), oblique=15)
"""Of the lines that networks of this kind are prone to."""
BORDER, BESIDE = 8, 24
"""Pixels from the border: up to the first padding shows, between both is what it is compared with."""
FLAT = 2
"""Pixels: the standard deviation of the Gaussian that takes the shades of a flat picture from its noise."""


def measure(pictures: Tensor) -> dict[str, Tensor]:
    """Every measure that needs no picture but the painted one: (B, 3, H, W) -> (B,) each."""
    return {each.__name__: each(pictures) for each in (checkerboard, border, saturation, diagonals)}


def checkerboard(pictures: Tensor) -> Tensor:
    """Amplitude at the periods of upsampling, 2 and 4 pixels, relative to that around: (B, 3, H, W) -> (B,).

    In luminance only: JPEG halves the resolution of colours, and leaves the same grid in photos.
    """
    return _peak(pictures.mean(dim=1, keepdim=True), GRID)


def diagonals(pictures: Tensor) -> Tensor:
    """Amplitude of fine oblique lines relative to that of other periods and slopes: (B, 3, H, W) -> (B,).

    The largest in luminance, red-green and blue-yellow. A brush has a slope but no period; lines have both.
    """
    return _peak(opponent_planes(pictures), LINES)


def border(pictures: Tensor) -> Tensor:
    """How much a frame stands out: (B, 3, H, W) -> (B,), 1 is not at all.

    Lines along a side, averaged over its length, relative to the same further inside. The second smallest of the
    four sides: a frame is on all of them, and what a photo shows along one or two is no frame.
    """
    sides = [pictures.rot90(turns, dims=(2, 3))[:, :, :BESIDE] for turns in range(4)]
    steps = torch.stack([side.mean(dim=3).diff(dim=2).square().mean(dim=1) for side in sides])
    outer, inner = (part.mean(dim=2) + FAINT**2 for part in (steps[..., :BORDER], steps[..., BORDER:]))
    return (outer / inner).sqrt().sort(dim=0).values[1]


def saturation(pictures: Tensor) -> Tensor:
    """Share of values that are as dark or as bright as can be: (B, 3, H, W) -> (B,)."""
    extreme = (pictures <= 1 / 255) | (pictures >= 254 / 255)
    return extreme.float().mean(dim=(1, 2, 3))


def flat_noise(pictures: Tensor) -> Tensor:
    """How rough pictures are that were painted of `flat_probes`: (B, 3, H, W) -> (B,).

    The standard deviation, in values of [0, 1], of what a blur of a few pixels takes away.
    """
    reach = 3 * FLAT
    bell = torch.exp(-(torch.arange(-reach, reach + 1, device=pictures.device) ** 2) / (2 * FLAT**2))
    column = (bell / bell.sum()).view(1, 1, -1, 1).expand(3, 1, -1, 1)
    blurred = F.pad(pictures, (reach,) * 4, mode="reflect")
    for kernel in (column, column.mT):
        blurred = F.conv2d(blurred, kernel, groups=3)
    return (pictures - blurred).std(dim=(1, 2, 3))


def flat_probes(size: int) -> Tensor:
    """Pictures with nothing on them, (4, 3, size, size) in [0, 1].

    Grey, without any variance for a normalization to divide by; grey with a sensor's noise; from dark to light;
    a sky. No training sees the like: see FLATTEST_CROP in `model/pictures/photos.py`.
    """
    grey = torch.full((3, size, size), 0.5)
    noise = torch.randn(grey.shape, generator=torch.Generator().manual_seed(0)) * FAINT
    shades = torch.linspace(0.2, 0.9, size).expand_as(grey)
    zenith, horizon = torch.tensor([[0.3, 0.5, 0.8], [0.9, 0.9, 0.85]])[..., None, None]
    sky = torch.lerp(zenith, horizon, torch.linspace(0, 1, size)[:, None]).expand_as(grey)
    return torch.stack([grey, grey + noise, shades, sky])


def _peak(planes: Tensor, frequencies: Tensor) -> Tensor:
    """The largest amplitude at some frequencies relative to their neighbours: (B, C, H, W), (F, 2) -> (B,)."""
    return standing_out(planes, frequencies).sqrt().amax(dim=(1, 2))
