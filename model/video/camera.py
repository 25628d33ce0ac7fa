"""How the camera moves: what most of a picture does from one frame to the next, as an affine map.

Corners are followed from frame to frame (J. Shi, C. Tomasi, "Good Features to Track", CVPR 1994; Lucas and Kanade's
search, in a pyramid), and what most of them agree on is taken (RANSAC), in OpenCV.
"""

from __future__ import annotations

import cv2
import numpy as np
from torch import Tensor

from impasto.model.video.affine import Affine, corners, inverse, shares
from impasto.model.video.flow import Greys, grey

CORNERS = 200
"""At most so many are followed."""
APART, NEAREST = 1 / 40, 8
"""From one to the next at least, of the longer side, so that they are not all on one thing; and in pixels."""
CLEAR = 0.01
"""How clear a corner must be, against the clearest."""
AROUND = 15
"""Pixels across by which a corner is known again."""
NEAR = 0.5
"""Pixels from where the map has it to where a corner is that agrees."""
FEWEST, AGREED = 12, 0.5
"""Corners that agree at least, and their share: else the camera is said to stand still."""
LARGER = 1.5
"""By which no camera makes a picture larger or smaller, in area, from one frame to the next: corners on a line may."""
STILL = 0.05
"""Pixels by which the picture of a camera that stands still may move, or as much as chance makes of noise."""


class Camera:
    """Told one frame after the other, finds how the camera moves between each two."""

    def __init__(self) -> None:
        self._before: Greys | None = None

    def next(self, pixels: Tensor) -> Affine:
        """Where the places of a frame, (H, W, 3) of uint8, were in the one before, as shares of its sides."""
        before, now = self._before, grey(pixels)
        self._before = now
        found = None if before is None else _motion(now, before)
        if found is None:
            return np.eye(3)
        to_shares = shares(*now.shape)
        return to_shares @ found @ inverse(to_shares)


def _motion(now: Greys, before: Greys) -> Affine | None:
    """Where the pixels of one picture are in the other; None where they stand still, or too few corners agree."""
    clear = cv2.goodFeaturesToTrack(now, CORNERS, CLEAR, max(APART * max(now.shape), NEAREST))
    if clear is None:
        return None
    followed, seen, _ = cv2.calcOpticalFlowPyrLK(now, before, clear, np.zeros_like(clear), winSize=(AROUND, AROUND))
    here, there = (places[seen.ravel() == 1] for places in (clear, followed))
    if len(here) < FEWEST:
        return None
    found, agree = cv2.estimateAffine2D(here, there, ransacReprojThreshold=NEAR)
    agreeing = agree.ravel() == 1
    if found is None or agreeing.sum() < max(FEWEST, AGREED * len(clear)):
        return None
    if not 1 / LARGER < np.linalg.det(found[:, :2]) < LARGER:
        return None
    apart = there[agreeing, 0] - here[agreeing, 0] @ found[:, :2].T - found[:, 2]
    chance = 2 * np.sqrt(6 * np.square(apart).sum(axis=-1).mean() / len(apart))
    motion = np.vstack([found, [0, 0, 1]])
    by = np.abs(corners(motion - np.eye(3), *now.shape)).max()
    return motion if by > max(STILL, chance) else None
