"""From a photo as a file and some style vectors to its paintings."""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import torch
from torch import Tensor

from impasto.app.painting.admission import Place
from impasto.app.painting.batcher import Batcher
from impasto.app.painting.paintings import Paintings, PaintOptions, check_longest
from impasto.app.tracing import trace_stages
from impasto.model.errors import InvalidValue
from impasto.model.network.config import SMALLEST_SIDE
from impasto.model.painting.finish import finish
from impasto.model.painting.ladder import Canvas, ladder
from impasto.model.painting.likeness import Reference, match, pixels_of
from impasto.model.painting.regions import Look, Regions
from impasto.model.painting.stroke import Stroke
from impasto.model.painting.stylizer import check_size
from impasto.model.photorealism.local_affine import PAINTED
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import Size

T = TypeVar("T")
Commission = tuple[Canvas, Tensor | Regions]
"""What is to be painted, and how."""


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

        vectors: looked at when `charge` has returned: until then only how many there are must be known.
        charge: told how many pixels all paintings will have, once there is room for them and before the photo is
            decoded; raises what speaks against it.
        Raises InvalidValue, QueueFull, DeadlineExceeded, OutOfMemory, and what decoding raises.
        """

        def prepare(picture: Picture) -> list[Commission]:
            canvas = self.stylizer.canvas(picture, options.stroke, photorealistic=options.photorealistic)
            return [(canvas, vector) for vector in vectors]

        def finish_all(picture: Picture, painted: list[Tensor]) -> list[Picture]:
            strength, preserve_color = options.strength, options.preserve_color
            config = PAINTED if options.photorealistic else self.stylizer.strokes
            return [finish(picture, p, config, strength=strength, preserve_color=preserve_color) for p in painted]

        strokes, count = [options.stroke] * len(vectors), len(vectors)
        return await self._paint(photo, options, strokes, count, prepare, finish_all, place=place, charge=charge)

    async def paint_regions(
        self,
        photo: bytes,
        regions: Callable[[Size], Regions],
        strokes: Sequence[Stroke],
        options: PaintOptions,
        *,
        masks: int,
        place: Place,
        charge: Callable[[int], Awaitable[None]],
    ) -> Paintings:
        """A photo in regions: one painting, in as many passes as there are sizes of strokes.

        regions: given the picture's height and width, they are made. strokes: every size of theirs. masks: how many
        pixels theirs have, which are charged too.
        charge: as `paint` takes it. Raises as it does, and whatever making the regions raises.
        """
        placed: list[Regions] = []

        def prepare(picture: Picture) -> list[Commission]:
            width, height = picture.size
            placed.append(regions((height, width)))
            strokes, photorealistic = placed[0].strokes, options.photorealistic
            return [(self.stylizer.canvas(picture, each, photorealistic=photorealistic), placed[0]) for each in strokes]

        def finish_all(picture: Picture, painted: list[Tensor]) -> list[Picture]:
            photorealistic = options.photorealistic
            return [self.stylizer.finish_regions(picture, painted, placed[0], photorealistic=photorealistic)]

        async def charge_all(pixels: int) -> None:
            await charge(pixels + masks)

        return await self._paint(photo, options, strokes, 1, prepare, finish_all, place=place, charge=charge_all)

    async def match(
        self,
        photo: bytes,
        reference: bytes,
        like: Callable[[Reference, Size], Look | Regions],
        options: PaintOptions,
        *,
        masks: int,
        place: Place,
        charge: Callable[[int], Awaitable[None]],
    ) -> tuple[Paintings, Reference]:
        """A photo in the colours and the light of another picture, which is looked at and forgotten.

        like: how, given what was seen of that and the photo's height and width. masks: how many pixels those of regions
            have, which are charged too, as the other picture's are.
        charge: as `paint` takes it. Raises as it does, and whatever reading the other picture and the regions raises.
        """
        seen: list[Reference] = []
        looks: list[Look | Regions] = []
        pixels = await asyncio.to_thread(pixels_of, reference)
        others = masks + (pixels if pixels <= self._max_pixels else 0)  # else it will be refused

        async def charge_and_look(pixels: int) -> None:
            await charge(pixels + others)
            # now, and not when the photo is decoded: two large pictures are not held at once
            seen.append(await self.code(lambda: Reference.read(reference, max_pixels=self._max_pixels)))

        def prepare(picture: Picture) -> list[Commission]:
            width, height = picture.size
            looks.append(like(seen[0], (height, width)))
            return []

        def finish_all(picture: Picture, painted: list[Tensor]) -> list[Picture]:
            return [match(picture, looks[0])]

        paintings = await self._paint(
            photo, options, [options.stroke], 1, prepare, finish_all, place=place, charge=charge_and_look
        )
        return paintings, seen[0]

    async def _paint(
        self,
        photo: bytes,
        options: PaintOptions,
        strokes: Sequence[Stroke],
        count: int,
        prepare: Callable[[Picture], list[Commission]],
        finish_all: Callable[[Picture, list[Tensor]], list[Picture]],
        *,
        place: Place,
        charge: Callable[[int], Awaitable[None]],
    ) -> Paintings:
        """So many paintings of a photo, which is painted once for each of some strokes."""
        size = options.size
        check_longest(size, self._max_size)
        started = time.perf_counter()
        # by the header, and not behind those who decode: what finds no room is refused at once, and costs nothing
        pixels, cost = await asyncio.to_thread(self._pixels, photo, strokes, count, options)
        self._batcher.admission.reserve(place, pixels)
        charged = time.perf_counter()
        await charge(cost)
        started += time.perf_counter() - charged  # a client's account, and what else it looks at, are not the photo's

        def begin() -> tuple[Picture, list[Commission]]:
            picture = self._decode(photo, count, size)
            check_size(picture)
            return picture, prepare(picture)

        picture, commissions = await self.code(begin)
        decoded = time.perf_counter()
        painted = await self._batcher.paint_all(commissions, place) if commissions else []
        waited = min((each.queue for each in painted), default=0.0)
        timing = {
            "decode": decoded - started,
            "queue": waited,
            "inference": max((each.queue + each.inference for each in painted), default=0.0) - waited,
        }
        finished = time.perf_counter()
        self._note(timing)
        pictures = await self.code(lambda: finish_all(picture, [each.rgb for each in painted]))
        return Paintings(pictures, timing, finished)

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

    def _pixels(self, data: bytes, strokes: Sequence[Stroke], count: int, options: PaintOptions) -> tuple[int, int]:
        """Of all levels of a photo that is painted with some strokes, and of what is painted; by its header.

        count: of paintings. 0 if it will be refused.
        """
        shape, size = images.size(data), options.size
        at_most = self._at_most(shape, count, size)
        width, height = images.scaled(shape, size or min(at_most, max(shape)))
        if min(width, height) < SMALLEST_SIDE or math.prod(shape) > self._max_pixels:
            return 0, 0
        config = self.stylizer.strokes.coarse if options.photorealistic else self.stylizer.strokes
        levels = [level for stroke in strokes for level in ladder((height, width), stroke, config)]
        return sum(map(math.prod, levels)), len(strokes) * width * height

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
