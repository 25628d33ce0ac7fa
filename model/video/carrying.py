"""What was painted, carried along into the next frame."""

from __future__ import annotations

import cv2
import numpy as np

from impasto.model.video.flow import Floats
from impasto.model.video.mixing import mixed, times

GRAIN = 3
"""Pixels across which grain is finer than. Most of what flickers is, and most of what a mixture loses."""
AROUND = 9
"""Pixels across over which grain is as strong as it was."""
STRONGER = 3.0
"""By how much grain is strengthened at most."""
NOTHING = 1e-6


def carried(painted: Floats, before: Floats, share: Floats) -> Floats:
    """A frame's painting with what was painted before it.

    painted, before: (h, w, 3) in [0, 1]. share: of what was painted before, (h, w).
    A mixture of two grains has less of either; it is made as strong as what is painted now has it (after E. Heitz,
    F. Neyret, "High-Performance By-Example Noise using a Histogram-Preserving Blending Operator", 2018).
    """
    pixels = mixed(painted, before, share)
    stronger = np.clip(np.sqrt(_strength(painted) / _strength(pixels)), 1, STRONGER)
    crisp = cv2.add(pixels, times(_grain(pixels), stronger - 1))
    return np.asarray(np.clip(crisp, 0, 1, out=crisp), np.float32)


def _strength(pixels: Floats) -> Floats:
    """How strong the grain of their brightness is around each pixel, as its mean square."""
    brightness = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
    return _blurred(np.square(_grain(brightness)), AROUND) + NOTHING


def _grain(pixels: Floats) -> Floats:
    return np.asarray(cv2.subtract(pixels, _blurred(pixels, GRAIN)), np.float32)


def _blurred(pixels: Floats, side: int) -> Floats:
    return np.asarray(cv2.blur(pixels, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)
