"""What of a picture has not changed: where it differs from the one before by noise alone."""

from __future__ import annotations

import cv2
import numpy as np

from impasto.model.video.flow import Floats

AROUND = 7
"""Pixels across over which a change is measured."""
LEAST, MOST = (1 / 255) ** 2, 2 * 0.02**2
"""Mean squares of what is told apart as noise at least, a grey level, and at most."""


def stillness(now: Floats, before: Floats) -> Floats:
    """From 0 to 1, (h, w), for pictures (h, w, 3) in [0, 1]: 1 is still.

    Noise is what half of the picture has at most: a film's own, or what is left of a camera's motion.
    """
    change = cv2.blur(np.square(now - before).mean(axis=-1), (AROUND, AROUND), borderType=cv2.BORDER_REFLECT_101)
    noise = np.clip(np.median(change[::4, ::4]), LEAST, MOST)
    return np.asarray(np.clip(2 - change / (2 * noise), 0, 1), np.float32)
