"""Two frames as one: shares of either, which differ from pixel to pixel."""

from __future__ import annotations

import cv2
import numpy as np

from impasto.model.video.flow import Floats


def mixed(one: Floats, other: Floats, share: Floats) -> Floats:
    """(h, w, 3): of the other the share that (h, w) tells, the rest of the one."""
    apart = np.asarray(cv2.subtract(other, one), np.float32)
    return np.asarray(cv2.add(one, times(apart, share)), np.float32)


def times(frame: Floats, share: Floats) -> Floats:
    """(h, w, 3), each pixel as often as (h, w) tells. NumPy takes three times as long."""
    return np.asarray(cv2.multiply(frame, cv2.merge([share] * 3)), np.float32)
