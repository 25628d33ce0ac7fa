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


def is_cut(before: Tensor, now: Tensor) -> bool:
    """Whether a shot begins with the second of two frames, (H, W, 3) of uint8."""
    return float(np.abs(histogram(now) - histogram(before)).sum()) / 2 > APART


def histogram(pixels: Tensor) -> npt.NDArray[np.float32]:
    """The share of the pixels that each of 512 colours has."""
    some = np.ascontiguousarray(pixels[::2, ::2].numpy())
    counts = cv2.calcHist([some], [0, 1, 2], None, [LEVELS] * 3, [0, 256] * 3)
    return np.asarray(counts / (some.shape[0] * some.shape[1]), np.float32)
