"""Pictures of the styles: one photo, painted by the served network in each."""

from __future__ import annotations

import asyncio
from pathlib import Path

from torch import Tensor

from impasto.app.painting.batcher import Batcher
from impasto.model.painting.finish import finish
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import fit

PHOTO = Path(__file__).parents[1] / "web" / "cat.jpg"
"""Chelsea the cat, photographed by Stéfan van der Walt, CC0; the page offers it too."""
SMALL = 96
"""Longest side in pixels of the preview in a style pack."""
SHOWN = 512
"""Longest side in pixels of what is shown of a job on the way."""


class Previews:
    """Paints previews; those of built-in styles when they are first asked for, and keeps them, as JPEGs.

    They take no places of the queue, since there are no more than styles, but wait for one another: a
    page that shows all of them delays a photo by one preview at the most.
    """

    def __init__(self, batcher: Batcher) -> None:
        self._batcher = batcher
        self._turn = asyncio.Semaphore(1)
        self._painted: dict[str, asyncio.Task[bytes]] = {}

    async def built_in(self, style_id: str, vector: Tensor) -> bytes:
        """The preview of a style of the checkpoint, of that vector (E,). Raises QueueFull, DeadlineExceeded."""
        task = self._painted.get(style_id)
        if task is None:
            task = self._painted[style_id] = asyncio.create_task(self.paint(vector))
        try:
            return await asyncio.shield(task)  # whoever asked first may leave; others wait for the same
        except Exception:
            self._painted.pop(style_id, None)
            raise

    async def paint(self, vector: Tensor) -> bytes:
        """The preview of a style vector (E,) as a JPEG. Raises QueueFull, DeadlineExceeded."""
        async with self._turn:
            photo = await self._batcher.code(read_photo)
            stylizer = self._batcher.stylizer
            painted = await self._batcher.paint(stylizer.canvas(photo), vector)
            return await self._batcher.code(lambda: written(finish(photo, painted.rgb, stylizer.strokes)))

    async def small(self, preview: bytes) -> bytes:
        """A preview, small enough for a style pack."""
        return await self._batcher.code(lambda: small(preview))


def read_photo() -> Picture:
    """The photo of all previews."""
    return images.decode(PHOTO.read_bytes())


def written(painted: Picture) -> bytes:
    """The photo, painted, as a preview."""
    return images.encode(painted, "jpeg", quality=85)


def small(preview: bytes) -> bytes:
    """A picture as a JPEG that is small enough for a style pack."""
    return images.encode(images.decode(preview, longest_side=SMALL), "jpeg", quality=75)


def on_the_way(rgb: Tensor) -> bytes:
    """What a job has made so far, (3, H, W), as a JPEG that is small enough to be sent now and then."""
    return written(Picture.from_rgb(fit(rgb, SHOWN) if max(rgb.shape[1:]) > SHOWN else rgb))
