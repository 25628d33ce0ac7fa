"""Pictures as tensors, in other sizes."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.pictures.picture import to_rgb
from impasto.model.pictures.strips import STRIP_PIXELS, strips


def resize(rgb: Tensor, shortest_side: int) -> Tensor:
    """(3, H, W) -> the same picture with a shorter side of that many pixels."""
    return _scaled(rgb, shortest_side / min(rgb.shape[1:]), least=(shortest_side, shortest_side))


def fit(rgb: Tensor, longest_side: int) -> Tensor:
    """(3, H, W) -> the same picture with a longer side of that many pixels."""
    return _scaled(rgb, longest_side / max(rgb.shape[1:]), least=(1, 1))


def center_crop(rgb: Tensor, width: int, height: int | None = None) -> Tensor:
    """(3, H, W) -> the middle (3, height, width), or the middle square, of the picture resized to hold it."""
    height = height or width
    rgb = _scaled(rgb, max(height / rgb.shape[1], width / rgb.shape[2]), least=(height, width))
    top, left = (rgb.shape[1] - height) // 2, (rgb.shape[2] - width) // 2
    return rgb[:, top : top + height, left : left + width]


def resample(images: Tensor, height: int, width: int) -> Tensor:
    """(B, C, H, W) -> (B, C, height, width), bicubic, antialiased; edges overshoot a little."""
    if tuple(images.shape[2:]) == (height, width):
        return images
    return F.interpolate(images, size=(height, width), mode="bicubic", antialias=True)


def reduced(pixels: Tensor, height: int, width: int) -> Tensor:
    """(H, W, 3), uint8 -> (3, height, width), float32 in [0, 1]: what `resample` makes, without the whole as floats.

    height, width: at most those of the pixels.
    """
    length, scale = pixels.shape[1], len(pixels) / height
    result = torch.empty(3, height, width)
    together = max(1, round(4 * STRIP_PIXELS / length / scale))  # each strip needs 4 rows more
    for top in range(0, height, together):
        bottom = min(top + together, height)
        first = max(0, math.floor((top - 1.5) * scale))
        last = min(len(pixels), math.ceil((bottom + 1.5) * scale))
        narrow = torch.cat([_narrowed(pixels[first:last][rows], width) for rows in strips(last - first, length)], 1)
        rows, shown = torch.arange(first, last, dtype=torch.float64), torch.arange(top, bottom, dtype=torch.float64)
        weights = _bicubic((rows + 0.5) / scale - (shown[:, None] + 0.5))
        result[:, top:bottom] = (weights / weights.sum(1, keepdim=True)).float() @ narrow
    return result.clamp_(0, 1)


def _narrowed(pixels: Tensor, width: int) -> Tensor:
    """(H, W, 3), uint8 -> (3, H, width)."""
    rgb = to_rgb(pixels)[None]
    return F.interpolate(rgb, size=(len(pixels), width), mode="bicubic", antialias=True)[0]


def _bicubic(distance: Tensor) -> Tensor:
    """The kernel of Keys with a = -0.5, as Torch and Pillow have it where they reduce."""
    x = distance.abs()
    return torch.where(x < 1, (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2).where(x < 2, 0.0)


def _scaled(rgb: Tensor, factor: float, *, least: tuple[int, int]) -> Tensor:
    height, width = (max(shortest, round(side * factor)) for side, shortest in zip(rgb.shape[1:], least, strict=True))
    return resample(rgb[None], height, width)[0].clamp(0, 1)
