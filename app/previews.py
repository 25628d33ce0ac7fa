"""Pictures of the styles: one photo, painted by the served network in each."""

from __future__ import annotations

import asyncio
from pathlib import Path

from torch import Tensor

from app.painter import Painter
from model import images

PHOTO = Path(__file__).with_name("preview.jpg")
"""Chelsea the cat, photographed by Stéfan van der Walt, CC0."""


SMALL = 96
"""Longest side in pixels of the preview in a style pack."""


class Previews:
    """Paints a preview when it is first asked for, and keeps it as long as the style is as it was.

    They take no places of the queue, since there are no more than styles, but wait for one another: a
    page that shows all of them delays a photo by one preview at the most.
    """

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._turn = asyncio.Semaphore(1)
        self._painted: dict[bytes, asyncio.Task[bytes]] = {}

    async def get(self, style_id: str) -> bytes:
        """The preview of a style as a JPEG. Raises UnknownStyle, DeadlineExceeded."""
        styles = self._painter.stylizer.styles
        return await self.of(styles.vectors[styles.row(style_id)])

    async def of(self, vector: Tensor) -> bytes:
        """The preview of a style vector (E,) as a JPEG. Raises DeadlineExceeded."""
        key = vector.numpy().tobytes()
        task = self._painted.get(key)
        if task is None:
            task = self._painted[key] = asyncio.create_task(self._paint(vector))
        try:
            return await asyncio.shield(task)  # whoever asked first may leave; others wait for the same
        except Exception:
            self._painted.pop(key, None)
            raise

    async def small(self, preview: bytes) -> bytes:
        """A preview, small enough for a style pack."""
        return await self._painter.code(
            lambda: images.encode(images.decode(preview, longest_side=SMALL), "jpeg", quality=75)
        )

    async def _paint(self, vector: Tensor) -> bytes:
        async with self._turn:
            photo = await self._painter.code(lambda: images.decode(PHOTO.read_bytes()))
            painted, _, _ = await self._painter.run(lambda stylizer: stylizer.apply(photo, vector))
            return await self._painter.code(lambda: images.encode(painted, "jpeg", quality=85))
