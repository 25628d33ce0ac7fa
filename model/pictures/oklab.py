"""OKLab: lightness and two axes of colour, in which equal distances look equally large.

B. Ottosson, "A perceptual color space for image processing", 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor

CONES = torch.tensor(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
"""How much linear red, green and blue excite long, middle and short cones."""
OPPONENTS = torch.tensor(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""From what they tell, its cube root, to lightness, green to red and blue to yellow."""


def to_oklab(rgb: Tensor) -> Tensor:
    """sRGB (3, H, W) in [0, 1] -> OKLab (3, H, W): lightness in [0, 1], the others within ±0.4."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return _mixed(OPPONENTS, _mixed(CONES, linear) ** (1 / 3))


def from_oklab(lab: Tensor) -> Tensor:
    """The reverse of `to_oklab`. A colour that sRGB lacks is moved towards the grey of its lightness until it fits."""
    lightness = lab[:1].clamp(0, 1)
    cones = _mixed(OPPONENTS.inverse(), torch.cat([lightness, lab[1:]])) ** 3
    grey = lightness**3
    chroma = _mixed(CONES.inverse(), cones) - grey
    room = torch.where(chroma > 0, 1 - grey, grey)
    linear = grey + chroma * (room / chroma.abs().clamp_min(1e-6)).clamp(max=1).amin(0)
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp_min(0) ** (1 / 2.4) - 0.055).clamp(
        0, 1
    )


def _mixed(matrix: Tensor, channels: Tensor) -> Tensor:
    return torch.einsum("ij,jhw->ihw", matrix, channels)
