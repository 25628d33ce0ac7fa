"""Pictures as tensors, in other sizes."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.pictures.bands import part
from impasto.model.pictures.picture import to_rgb
from impasto.model.pictures.planes import higher, resample
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


def within(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """A size of the same shape whose longer side has at most so many pixels."""
    scale = min(1.0, longest_side / max(size))
    height, width = (max(1, round(side * scale)) for side in size)
    return height, width


def reduced(pixels: Tensor, height: int, width: int) -> Tensor:
    """(H, W, 3), uint8 -> (3, height, width), float32 in [0, 1]: what `resample` makes, without the whole as floats.

    height, width: at most those of the pixels.
    """

    def narrow(rows: slice) -> Tensor:
        read = pixels[rows]
        return torch.cat([_narrow(to_rgb(read[few]), width) for few in strips(len(read), length)], dim=1)

    length = pixels.shape[1]
    result = torch.empty(3, height, width)
    together = max(1, round(4 * STRIP_PIXELS / length * height / len(pixels)))  # each strip needs 4 rows more
    for top in range(0, height, together):
        rows = slice(top, min(top + together, height))
        result[:, rows] = _rows(narrow, len(pixels), height, rows)
    return result.clamp_(0, 1)


def shown_small(pixels: Tensor, height: int, width: int) -> Tensor:
    """What `reduced` makes of pixels (H, W, 3), to the nearest of 256 values and thirty times as fast."""
    small = F.interpolate(pixels.permute(2, 0, 1)[None], size=(height, width), mode="bicubic", antialias=True)
    return small[0].float() / 255


def resampled_rows(image: Tensor, height: int, width: int, rows: slice) -> Tensor:
    """(C, H, W) -> (C, rows, width), some rows of what `resample` makes of it in another height and width."""
    return _rows(lambda read: _narrow(image[:, read], width), image.shape[1], height, rows)


def _rows(narrow: Callable[[slice], Tensor], source: int, height: int, rows: slice) -> Tensor:
    """Some rows of a picture in another height, from as few of its `source` rows as they need, narrowed already."""
    if source == height:
        return narrow(rows)
    read, wanted = part(source, height, rows)
    return higher(narrow(read), wanted)


def _narrow(image: Tensor, width: int) -> Tensor:
    """(C, H, W) -> (C, H, width)."""
    return resample(image[None], (image.shape[1], width))[0]


def _scaled(rgb: Tensor, factor: float, *, least: tuple[int, int]) -> Tensor:
    height, width = (max(shortest, round(side * factor)) for side, shortest in zip(rgb.shape[1:], least, strict=True))
    return resample(rgb[None], (height, width))[0].clamp(0, 1)
