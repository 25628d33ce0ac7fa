"""What a frame of a moving picture takes over from those before it, so that what does not move stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from impasto.model.network.statistics import Held

Paint = Callable[[Tensor, Held], Tensor]
"""Paints images (1, 3, h, w) in [0, 1], by statistics that are held, as their own size in [0, 1]."""


class Moving(Protocol):
    """Whoever knows the frames before paints each level of a frame's strokes, coarse to fine."""

    pixels: int
    """That have been painted so far, of all levels."""

    def paint(self, level: int, images: Tensor, paint: Paint) -> Tensor:
        """Images (1, 3, h, w) in [0, 1] of a level, from 0 on -> painted, (1, 3, h, w) in [0, 1].

        They are given to `paint`, as they are seen from elsewhere; or some parts of them, or none.
        """
