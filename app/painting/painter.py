"""From a photo as a file and some style vectors to its paintings."""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from impasto.app.painting.admission import Place
from impasto.app.painting.batcher import Batcher
from impasto.app.tracing import trace_stages
from impasto.model.errors import InvalidValue
from impasto.model.network.config import SMALLEST_SIDE
from impasto.model.painting.finish import finish
from impasto.model.painting.ladder import Canvas, ladder
from impasto.model.painting.stroke import Stroke
from impasto.model.painting.stylizer import check_size
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture

T = TypeVar("T")


@dataclass(frozen=True)
class PaintOptions:
    """How a photo is painted, whatever the styles.

    size: longest side of the result in pixels; None: the photo's own, if allowed.
    strength, preserve_color, stroke: see `model/painting/stylizer.py`.
    """

    size: int | None = None
    strength: float = 1.0
    preserve_color: bool = False
    stroke: Stroke = 1.0


@dataclass(frozen=True)
class Paintings:
    """One photo's paintings.

    timing: seconds in decode, queue and inference. finished: when they were, of `time.perf_counter`.
    """

    pictures: list[Picture]
    timing: dict[str, float]
    finished: float


class Painter:
    """Decodes photos and paints them, within limits.

    max_pixels: of an uploaded photo, and of a result. max_size: longest side of a result in pixels; None: any.
    """

    def __init__(self, batcher: Batcher, *, max_pixels: int, max_size: int | None) -> None:
        self.stylizer, self._metrics = batcher.stylizer, batcher.metrics
        self._batcher, self._max_pixels, self._max_size = batcher, max_pixels, max_size

    def place(self, client: str = "") -> AbstractContextManager[Place]:
        """Hold a place in the queue, from the decoding of the photo to the encoding of the result. Raises QueueFull.

        client: who asks; the queue is shared among them.
        """
        return self._batcher.admission.place(client)

    async def warm_up(self, vector: Tensor) -> None:
        """Paint something small in a style (E,): whatever is done once only is done before anybody waits for it."""
        blank = Picture(torch.zeros(SMALLEST_SIDE, SMALLEST_SIDE, 3, dtype=torch.uint8))
        await self._batcher.paint(self.stylizer.canvas(blank), vector)

    async def paint(
        self,
        photo: bytes,
        vectors: Sequence[Tensor],
        options: PaintOptions,
        *,
        place: Place,
        charge: Callable[[int], Awaitable[None]],
    ) -> Paintings:
        """A photo in each of several styles (E,), all at once.

        charge: told how many pixels all paintings will have, once there is room for them and before the photo is
            decoded; raises what speaks against it.
        Raises InvalidValue, QueueFull, DeadlineExceeded, OutOfMemory, and what decoding raises.
        """
        if options.size is not None and self._max_size is not None and options.size > self._max_size:
            raise InvalidValue(f"size: results have at most {self._max_size} pixels on their longest side")
        started = time.perf_counter()
        # by the header, and not behind those who decode: what finds no room is refused at once, and costs nothing
        pixels, cost = await asyncio.to_thread(self._pixels, photo, len(vectors), options)
        self._batcher.admission.reserve(place, pixels)
        await charge(cost)
        picture, canvas = await self.code(lambda: self._prepare(photo, len(vectors), options))
        decoded = time.perf_counter()
        painted = await self._batcher.paint_all(canvas, vectors, place)
        waited = min(each.queue for each in painted)
        timing = {
            "decode": decoded - started,
            "queue": waited,
            "inference": max(each.queue + each.inference for each in painted) - waited,
        }
        finished = time.perf_counter()
        self._note(timing)

        def finish_all() -> list[Picture]:
            strength, preserve_color, config = options.strength, options.preserve_color, self.stylizer.strokes
            paintings = (each.rgb for each in painted)
            return [finish(picture, p, config, strength=strength, preserve_color=preserve_color) for p in paintings]

        return Paintings(await self.code(finish_all), timing, finished)

    async def encode(self, paintings: Paintings, work: Callable[[], T]) -> T:
        """The result of encoding paintings, the last stage of theirs."""
        encoded = await self.code(work)
        self._note({"encode": time.perf_counter() - paintings.finished})
        return encoded

    def _note(self, stages: dict[str, float]) -> None:
        """Measure stages that have just come to an end, by the seconds of each."""
        self._metrics.observe_stages(stages)
        trace_stages(stages)

    async def code(self, work: Callable[[], T]) -> T:
        """The result of decoding or encoding pictures, beside the device."""
        return await self._batcher.code(work)

    def _prepare(self, data: bytes, count: int, options: PaintOptions) -> tuple[Picture, Canvas]:
        """The photo, and what of it is painted."""
        picture = self._decode(data, count, options.size)
        check_size(picture)
        return picture, self.stylizer.canvas(picture, options.stroke)

    def _pixels(self, data: bytes, count: int, options: PaintOptions) -> tuple[int, int]:
        """Of all levels of so many paintings of a photo, and of those alone; by its header, 0 if it will be refused."""
        shape = images.size(data)
        at_most = self._at_most(shape, count, options.size)
        width, height = images.scaled(shape, options.size or min(at_most, max(shape)))
        if min(width, height) < SMALLEST_SIDE or math.prod(shape) > self._max_pixels:
            return 0, 0
        levels = ladder((height, width), options.stroke, self.stylizer.strokes)
        return count * sum(map(math.prod, levels)), count * width * height

    def _decode(self, data: bytes, count: int, size: int | None) -> Picture:
        """The photo, in the size of its paintings."""
        at_most = self._at_most(images.size(data), count, size)
        return images.decode(data, max_pixels=self._max_pixels, longest_side=size, at_most=at_most)

    def _at_most(self, shape: tuple[int, int], count: int, size: int | None) -> int:
        """The longest side of so many paintings of a photo: several have together no more pixels than a batch.

        shape: of the photo, in any order. Raises InvalidValue for a size that is larger.
        """
        pixels = self._max_pixels if count == 1 else self._batcher.limits.batch_pixels
        largest = longest_side(shape, pixels // count)
        if size is not None and size > largest:
            paintings = "a painting" if count == 1 else f"{count} paintings"
            raise InvalidValue(
                f"size: at most {largest} pixels on the longest side, so that {paintings} of this photo "
                f"can be painted in {pixels:,} pixels"
            )
        return largest if self._max_size is None else min(largest, self._max_size)


def longest_side(shape: tuple[int, int], pixels: int) -> int:
    """The longest side at which a picture of that shape, width and height, has at most so many pixels."""
    longest, shortest = max(shape), min(shape)
    return max(1, bisect_right(range(1, pixels + 1), pixels, key=lambda s: s * max(1, round(shortest * s / longest))))
