"""The scene as it lay in the first frame, a plane over which the camera moves: frames are painted there.

The network's coarsest features are of every fourth pixel, and a picture that has moved by one, has turned or become
larger is another one to it. In the scene nothing moves because the camera does. A frame is seen in it through a window
that begins on the network's grid; beyond the frame's own border it is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from impasto.model.network.config import SMALLEST_SIDE
from impasto.model.video.affine import Affine, corners, in_pixels, inverse, moved, shares
from impasto.model.video.flow import Floats, Flow
from impasto.model.video.reading import read

GRID = 4
"""Pixels from one of the network's coarsest features to the next."""
LARGEST = 1.15
"""How much larger or smaller than a frame, in area, what it shows of the scene may be."""
ROUNDING = 1e-4
"""Pixels that are no motion."""
SLOW = 0.3
"""Pixels by which nothing is moved: what is carried along without being read anew stays as sharp as it is."""

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class Window:
    """What is painted of the scene for a frame.

    place: from pixels of the frame to those of the window. frame, size: of which sizes these are.
    """

    place: Affine
    frame: Size
    size: Size

    @classmethod
    def of(cls, camera: Affine, frame: Size) -> Window:
        """The one that shows a frame of such a size. camera: from it to the scene, in shares of its sides."""
        to_scene = in_pixels(camera, *frame)
        seen = corners(to_scene, *frame)
        first = np.floor((seen.min(axis=1) + ROUNDING) / GRID) * GRID
        width, height = np.ceil(seen.max(axis=1) - first - ROUNDING).astype(int) + 1
        size = max(SMALLEST_SIDE, int(height)), max(SMALLEST_SIDE, int(width))
        return cls(moved(*-first) @ to_scene, frame, size)

    @cached_property
    def back(self) -> Affine:
        """From pixels of the window to those of the frame."""
        return inverse(self.place)

    def into(self, frame: Floats) -> Floats:
        """A frame as it is seen here, (h, w, c)."""
        return warped(frame, self.place, self.size)

    def out_of(self, painted: Floats) -> Floats:
        """What was painted here as a frame, (h, w, c)."""
        return warped(painted, self.back, self.frame)

    def from_before(self, before: Window, camera: Affine) -> Affine:
        """From pixels of the window of the frame before to those of this one.

        camera: from this frame to the one before, in shares of its sides.
        """
        return self.place @ inverse(in_pixels(camera, *self.frame)) @ before.back

    def flow(self, flow: Flow) -> Flow:
        """Flow between frames, of any size, as it is seen here."""
        place = self.place @ inverse(shares(*self.frame)) @ shares(*flow.visible.shape)
        height, width = self.size
        along = cv2.warpAffine(flow.moved @ place[:2, :2].T.astype(np.float32), place[:2], (width, height))
        visible = cv2.warpAffine(flow.visible, place[:2], (width, height))
        along[np.square(along).sum(axis=-1) < SLOW**2] = 0
        return Flow(np.asarray(along, np.float32), np.asarray(visible, np.float32))


def fits(camera: Affine, frame: Size) -> bool:
    """Whether a frame has about as many pixels in the scene as it has itself."""
    seen = corners(in_pixels(camera, *frame), *frame)
    pixels = np.prod(seen.max(axis=1) - seen.min(axis=1) + 1)
    return bool(1 / LARGEST <= pixels / np.prod(frame) <= LARGEST)


def warped(image: Floats, place: Affine, size: Size) -> Floats:
    """An image (h, w, c) in [0, 1] as a map of its pixels places them, mirrored beyond its border.

    What moves by whole pixels is copied, to the bit.
    """
    whole = moved(*np.rint(place[:2, 2]))
    exact = np.abs(place - whole).max() < ROUNDING
    if not exact and (found := read(image, place, size)) is not None:
        return found
    matrix, flags = (whole, cv2.INTER_NEAREST) if exact else (place, cv2.INTER_LANCZOS4)
    placed = cv2.warpAffine(image, matrix[:2], size[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(placed if exact else np.clip(placed, 0, 1), np.float32)
