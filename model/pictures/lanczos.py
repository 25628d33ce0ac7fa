"""8-bit pixels in another size as Pillow makes them, a strip of rows and then a strip of columns at a time."""

from __future__ import annotations

import numpy as np
from PIL import Image

from impasto.model.pictures.srgb import Pixels
from impasto.model.pictures.strips import strips

LEAST_ROWS = 16
"""Of a strip: what Pillow computes beforehand for each of them takes as long as some rows."""


def resized(pixels: Pixels, alpha: Pixels | None, size: tuple[int, int]) -> tuple[Pixels, Pixels | None]:
    """Pixels (H, W, 3) and their alpha (H, W) in another width and height."""
    if size == pixels.shape[1::-1]:
        return pixels, alpha
    if alpha is None:
        return _resized(pixels, size), None
    # premultiplied: colours under transparent pixels stay there
    both = np.empty((*alpha.shape, 4), np.uint8)
    for rows in strips(*alpha.shape):
        both[rows] = np.asarray(Image.fromarray(np.dstack([pixels[rows], alpha[rows]])).convert("RGBa"))
    both = _resized(both, size)
    for rows in strips(*both.shape[:2]):
        both[rows] = np.asarray(Image.fromarray(both[rows], "RGBa").convert("RGBA"))
    return both[..., :3].copy(), both[..., 3].copy()


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    narrow = np.empty((pixels.shape[0], size[0], pixels.shape[2]), np.uint8)
    _stretch(pixels, narrow)
    result = np.empty((*size[::-1], pixels.shape[2]), np.uint8)
    _stretch(narrow.swapaxes(0, 1), result.swapaxes(0, 1))
    return result


def _stretch(pixels: Pixels, result: Pixels) -> None:
    """Fill rows with rows of another length."""
    length = result.shape[1]
    for rows in strips(len(pixels), max(pixels.shape[1], length), least=LEAST_ROWS):
        strip = Image.fromarray(np.ascontiguousarray(pixels[rows]), "RGB" if pixels.shape[2] == 3 else "RGBX")
        result[rows] = np.asarray(strip.resize((length, strip.height), Image.Resampling.LANCZOS))
