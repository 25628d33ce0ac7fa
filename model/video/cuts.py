"""Cuts: where one shot of a film ends and another begins.

By histograms of colours: within a shot they change little, however things move (A. Nagasaka, Y. Tanaka, "Automatic
Video Indexing and Full-Video Search for Object Appearances", 1991).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

LEVELS = 8
"""Of each colour in a histogram."""
APART = 0.5
"""Share of the pixels whose colours must be others."""

Histogram = npt.NDArray[np.float32]
"""The share of the pixels that each of 512 colours has."""


def is_cut(before: Histogram, now: Histogram) -> bool:
    """Whether a shot begins with the second of two frames."""
    return float(np.abs(now - before).sum()) / 2 > APART


def histogram(pixels: Tensor) -> Histogram:
    """That of a frame, (H, W, 3) of uint8."""
    some = np.ascontiguousarray(pixels[::2, ::2].numpy())
    counts = cv2.calcHist([some], [0, 1, 2], None, [LEVELS] * 3, [0, 256] * 3)
    return np.asarray(counts / (some.shape[0] * some.shape[1]), np.float32)
