"""What of a picture has not changed: where it differs from the one before by noise alone."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Change:
    """What a picture differs in from the one before it.

    apart: by how much, (h, w, 3). squares: the mean square of that around each pixel, (h, w). noise: that of none.
    """

    apart: Floats
    squares: Floats
    noise: float

    @classmethod
    def between(cls, now: Floats, before: Floats) -> Change:
        """Of two pictures (h, w, 3) in [0, 1]."""
        apart = np.asarray(cv2.subtract(now, before), np.float32)
        squares = cv2.transform(cv2.multiply(apart, apart), MEAN)
        around = np.asarray(cv2.blur(squares, (AROUND, AROUND), borderType=cv2.BORDER_REFLECT_101), np.float32)
        return cls(apart, around, float(np.clip(np.quantile(around[::4, ::4], QUIET), LEAST, MOST)))

    @property
    def still(self) -> Floats:
        """From 0 to 1, (h, w): 1 is still."""
        found = (CHANGED - self.squares / self.noise) / (CHANGED - STILL)
        return np.asarray(np.clip(found, 0, 1), np.float32)
