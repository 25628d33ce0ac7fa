"""Affine maps of pictures, which know no size: places are shares of a picture's sides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Affine = npt.NDArray[np.float64]
"""(3, 3), from x and y to x and y: shares of a picture's sides, or pixels, whose middles are whole numbers."""


def shares(height: int, width: int) -> Affine:
    """From pixels of a picture to shares of its sides."""
    return np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])


def in_pixels(affine: Affine, height: int, width: int) -> Affine:
    """A map of shares as one of the pixels of a picture."""
    to_shares = shares(height, width)
    return inverse(to_shares) @ affine @ to_shares


def moved(x: float, y: float) -> Affine:
    """A map that only moves."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def inverse(affine: Affine) -> Affine:
    """The map back."""
    return np.asarray(np.linalg.inv(affine), np.float64)


def corners(affine: Affine, height: int, width: int) -> npt.NDArray[np.float64]:
    """Where a map of pixels takes the four corners of a picture: x and y, (2, 4)."""
    right, below = width - 1, height - 1
    found: npt.NDArray[np.float64] = affine[:2] @ np.array([[0, right, 0, right], [0, 0, below, below], [1, 1, 1, 1]])
    return found
