"""The parts of a frame that have changed, and are painted: all else stays as it was painted.

By the statistics of its shot a part is painted as the whole frame would be, but for what a border changes nearby.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from impasto.model.video.flow import Floats
from impasto.model.video.scene import GRID, Size
from impasto.model.video.stillness import CHANGED, Change

BLOCK = 16
"""Pixels of a block's side; parts are made of blocks."""
SEEN = (4 / 255) ** 2
"""Mean square of a change that is seen: what a film's compression leaves of stillness is three grey levels."""
LIGHTER = (2 / 255) ** 2
"""That of a block's mean colour, of which noise leaves nothing: light that changes slowly."""
STRONGEST, ENOUGH = 8.0, 0.5
"""How often what is seen a change counts at most, and how often it is found in a block that has changed, on average:
little of it may change by much, or much of it by little."""
BEYOND = 24
"""Pixels that the network sees around a part: at its border, which is still, it then paints half a grey level of 255
beside what it would make of the whole."""
PARTS = 4
"""At most: each takes a pass of the network."""
MOST = 0.6
"""Share of a frame beyond which painting parts of it saves too little."""

Blocks = npt.NDArray[np.bool_]
Place = tuple[slice, slice]
"""Rows and columns, of pixels or of blocks."""


@dataclass(frozen=True)
class Part:
    """Of a picture. own: what is painted. seen: what the network looks at for it, which begins on its grid."""

    own: Place
    seen: Place

    @classmethod
    def whole(cls, size: Size) -> Part:
        """All of it. size: height and width."""
        everything = slice(0, size[0]), slice(0, size[1])
        return cls(everything, everything)

    @property
    def pixels(self) -> int:
        """That the network sees."""
        return math.prod(side.stop - side.start for side in self.seen)

    def of(self, image: Floats) -> Floats:
        """What is seen of an image (h, w) or (h, w, c)."""
        return image[self.seen]

    def put(self, painted: Floats, image: Floats) -> None:
        """Write into an image (h, w, c) what was painted of it here, as all that is seen."""
        rows, columns = (
            slice(own.start - seen.start, own.stop - seen.start) for own, seen in zip(self.own, self.seen, strict=True)
        )
        image[self.own] = painted[rows, columns]


def changed(change: Change) -> list[Part]:
    """The parts of a picture that have changed: none, some, or the whole."""
    size = height, width = change.squares.shape
    rows, columns = max(1, height // BLOCK), max(1, width // BLOCK)
    times = change.squares / max(SEEN, CHANGED * change.noise)
    strength = np.where(times > 1, np.minimum(times, STRONGEST), 0)
    moving = cv2.resize(strength, (columns, rows), interpolation=cv2.INTER_AREA) > ENOUGH
    shift = cv2.resize(change.apart, (columns, rows), interpolation=cv2.INTER_AREA)
    parts = []
    for place in _boxes(moving | (np.square(shift).mean(axis=-1) > LIGHTER)):
        own = _pixels(place[0], rows, height), _pixels(place[1], columns, width)
        parts.append(Part(own, (_around(own[0], height), _around(own[1], width))))
    return parts if sum(part.pixels for part in parts) <= MOST * height * width else [Part.whole(size)]


def _boxes(moving: Blocks) -> list[Place]:
    """Few and small boxes around all blocks that move: one is cut in two as long as that saves something."""
    rows, columns = moving.shape
    boxes = _around_moving(moving, (slice(0, rows), slice(0, columns)))
    while len(boxes) < PARTS:
        cuts = [[*boxes[:n], *halves, *boxes[n + 1 :]] for n, box in enumerate(boxes) for halves in _cut(moving, box)]
        best = min(cuts, key=_cost, default=boxes)
        if _cost(best) >= _cost(boxes):
            break
        boxes = best
    return boxes


def _cut(moving: Blocks, box: Place) -> Iterator[list[Place]]:
    """What is left of both halves of a box, for every way to cut it."""
    for axis, side in enumerate(box):
        for at in range(side.start + 1, side.stop):
            halves = slice(side.start, at), slice(at, side.stop)
            yield [
                found
                for half in halves
                for found in _around_moving(moving, (half, box[1]) if axis == 0 else (box[0], half))
            ]


def _around_moving(moving: Blocks, box: Place) -> list[Place]:
    """The smallest box around what moves in another, if anything does."""
    left, top, across, down = cv2.boundingRect(moving[box].view(np.uint8))
    top, left = top + box[0].start, left + box[1].start
    return [(slice(top, top + down), slice(left, left + across))] if across else []


def _cost(boxes: list[Place]) -> float:
    """Blocks that the network sees for them."""
    more = 2 + 2 * BEYOND / BLOCK
    sides = ([side.stop - side.start + more for side in box] for box in boxes)
    return sum(map(math.prod, sides))


def _pixels(blocks: slice, of: int, pixels: int) -> slice:
    """Pixels of blocks, and of one more to both sides; so many blocks are so many pixels."""
    return slice(max(blocks.start - 1, 0) * pixels // of, min(blocks.stop + 1, of) * pixels // of)


def _around(own: slice, pixels: int) -> slice:
    first = max(own.start - BEYOND, 0)
    return slice(first - first % GRID, min(own.stop + BEYOND, pixels))
