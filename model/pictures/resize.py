"""Pictures as tensors, in other sizes."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


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


def _scaled(rgb: Tensor, factor: float, *, least: tuple[int, int]) -> Tensor:
    height, width = (max(shortest, round(side * factor)) for side, shortest in zip(rgb.shape[1:], least, strict=True))
    return resample(rgb[None], height, width)[0].clamp(0, 1)
