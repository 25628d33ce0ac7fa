"""Motion between two frames: where each pixel was before, and whether it could be seen there.

T. Kroeger et al., "Fast Optical Flow using Dense Inverse Search" (ECCV 2016), in OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from impasto.model.video.affine import Affine, in_pixels

LONGEST = 640
"""Pixels of the longer side at which motion is looked for: finer motion than a pixel there is found all the same."""

Floats = npt.NDArray[np.float32]
Greys = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Flow:
    """Where the pixels of a frame were in the one before.

    moved: (h, w, 2), x and y in pixels of this size, to add to a pixel's place. visible: (h, w), 1 where the pixel is
    the same thing there, else 0.
    """

    moved: Floats
    visible: Floats

    def of_size(self, height: int, width: int) -> Flow:
        """The flow of the same frames in another size."""
        rows, columns = self.visible.shape
        scale = np.array([width / columns, height / rows], np.float32)
        moved = np.asarray(cv2.resize(self.moved, (width, height)) * scale, np.float32)
        visible = cv2.resize(self.visible, (width, height), interpolation=cv2.INTER_AREA)
        return Flow(moved, np.asarray(visible, np.float32))

    def besides(self, camera: Affine) -> Flow:
        """What moves besides the camera. camera: from the frame to the one before, in shares of its sides."""
        by_camera = in_pixels(camera, *self.visible.shape) - np.eye(3)
        x, y = places(np.zeros_like(self.moved))
        expected = np.stack([x, y, np.ones_like(x)], axis=-1) @ by_camera[:2].T.astype(np.float32)
        return Flow(self.moved - expected, self.visible)

    def carry(self, before: Floats) -> Floats:
        """What was painted, (h, w, 3) in [0, 1], moved along: that of this frame, where it was visible."""
        found = cv2.remap(before, *places(self.moved), cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(np.clip(found, 0, 1), np.float32)


class Motion:
    """Told one frame after the other, finds the flow between each two."""

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._before: Greys | None = None

    def next(self, pixels: Tensor) -> Flow | None:
        """The flow of a frame, (H, W, 3) of uint8, of its own size or a smaller one; None of the first."""
        before, now = self._before, grey(pixels)
        self._before = now
        if before is None:
            return None
        moved = self._find(now, before)
        return Flow(moved, visible(moved, self._find(before, now)))

    def _find(self, one: Greys, other: Greys) -> Floats:
        found = self._search.calc(one, other, np.zeros((*one.shape, 2), np.float32))
        return np.asarray(found, np.float32)


def grey(pixels: Tensor) -> Greys:
    """A frame as flow is looked for in it."""
    height, width = pixels.shape[:2]
    shrink = min(1.0, LONGEST / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    brightness = cv2.cvtColor(pixels.numpy(), cv2.COLOR_RGB2GRAY)
    return cv2.resize(brightness, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def visible(moved: Floats, back: Floats) -> Floats:
    """Where both flows agree, 1: who goes back comes out where they started (N. Sundaram et al., ECCV 2010)."""
    outside = (1e3, 1e3)
    returned = cv2.remap(back, *places(moved), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=outside)
    lengths = (moved**2).sum(axis=-1) + (returned**2).sum(axis=-1)
    return np.asarray(((moved + returned) ** 2).sum(axis=-1) <= 0.01 * lengths + 0.5, np.float32)


def places(moved: Floats) -> tuple[Floats, Floats]:
    """x and y of where each pixel goes."""
    rows, columns = np.mgrid[: moved.shape[0], : moved.shape[1]].astype(np.float32)
    return columns + moved[..., 0], rows + moved[..., 1]
