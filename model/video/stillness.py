"""What of a picture has not changed: where it differs from the one before by noise alone."""

from __future__ import annotations

import cv2
import numpy as np

from impasto.model.video.flow import Floats

MEAN = np.full((1, 3), 1 / 3, np.float32)
"""Of three channels."""
AROUND = 7
"""Pixels across over which a change is measured."""
QUIET = 0.25
"""Share of the picture that changes by noise alone, at least: a film's own, or what is left of a camera's motion."""
LEAST, MOST = (1 / 255) ** 2, 2 * 0.02**2
"""Mean squares of a change that are noise at least, a grey level's, and at most."""
STILL, CHANGED = 2.0, 3.0
"""How often as much as noise changes what is all still, and what is not at all."""


def change(now: Floats, before: Floats) -> Floats:
    """How much of a picture (h, w, 3) in [0, 1] has changed: the mean square of that around each pixel, (h, w)."""
    apart = cv2.subtract(now, before)
    squares = cv2.transform(cv2.multiply(apart, apart), MEAN)
    return np.asarray(cv2.blur(squares, (AROUND, AROUND), borderType=cv2.BORDER_REFLECT_101), np.float32)


def noise(change: Floats) -> float:
    """The mean square of a `change` that is none."""
    return float(np.clip(np.quantile(change[::4, ::4], QUIET), LEAST, MOST))


def stillness(change: Floats) -> Floats:
    """From 0 to 1, (h, w), by the `change` of a picture: 1 is still."""
    still = (CHANGED - change / noise(change)) / (CHANGED - STILL)
    return np.asarray(np.clip(still, 0, 1), np.float32)
