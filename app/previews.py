"""Pictures of the styles: one photo, painted by the served network in each."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.painter import Painter
from model import images

PHOTO = Path(__file__).with_name("preview.jpg")
"""Chelsea the cat, photographed by Stéfan van der Walt, CC0."""


class Previews:
    """Paints a preview when it is first asked for, and keeps it.

    They take no places of the queue, since there are no more than styles, but wait for one another: a
    page that shows all of them delays a photo by one preview at the most.
    """

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._turn = asyncio.Semaphore(1)
        self._painted: dict[str, asyncio.Task[bytes]] = {}

    async def get(self, style_id: str) -> bytes:
        """The preview of a style as a JPEG. Raises UnknownStyle, DeadlineExceeded."""
        task = self._painted.get(style_id)
        if task is None:
            self._painter.stylizer.styles.row(style_id)
            task = self._painted[style_id] = asyncio.create_task(self._paint(style_id))
        try:
            return await asyncio.shield(task)  # whoever asked first may leave; others wait for the same
        except Exception:
            self._painted.pop(style_id, None)
            raise

    async def _paint(self, style_id: str) -> bytes:
        async with self._turn:
            photo = await self._painter.code(lambda: images.decode(PHOTO.read_bytes()))
            painted, _, _ = await self._painter.run(lambda stylizer: stylizer.stylize(photo, {style_id: 1.0}))
            return await self._painter.code(lambda: images.encode(painted, "jpeg", quality=85))
