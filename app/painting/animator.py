"""Pictures that move, painted while somebody waits: frame by frame, each of which follows those before it.

All frames have one place in the queue, and each takes its turn on the device among everyone's pictures. What would take
longer than an answer may is for `POST /v1/videos`.
"""

from __future__ import annotations

import asyncio
import io
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from torch import Tensor

from impasto.app.painting.admission import Place
from impasto.app.painting.batcher import Batcher
from impasto.app.painting.codec import DeadlineExceeded
from impasto.app.painting.paintings import Paintings, PaintOptions, check_longest
from impasto.app.tracing import trace_stages
from impasto.model.painting.finish import finish
from impasto.model.painting.ladder import Canvas, ladder
from impasto.model.painting.moving import Moving
from impasto.model.painting.stylizer import Stylizer, check_size
from impasto.model.pictures import images
from impasto.model.pictures.picture import MovingFormat, Picture
from impasto.model.video.animation import Animation, SinglePicture, encode, may_move
from impasto.model.video.clip import VideoTooLong
from impasto.model.video.clip import check_size as check_frames
from impasto.model.video.config import Limits, MotionConfig
from impasto.model.video.packages import check_packages

ELSEWHERE = "a smaller size is painted sooner, and POST /v1/videos paints it as a job"
TELLING = 4
"""Frames that tell how long all will take; but the first, before which all are looked through."""
QUICKER = 10
"""How many pixels are decoded in the time in which one is painted, or more."""


class Animator:
    """Paints pictures that move, within limits.

    limits: what a frame may be, and how many there may be. max_size: longest side of a result in pixels; None: any.
    """

    def __init__(self, batcher: Batcher, limits: Limits, max_size: int | None) -> None:
        self._batcher, self._limits, self._max_size = batcher, limits, max_size

    async def open(self, photo: bytes) -> Animation | None:
        """A photo that moves; None: it stands still.

        Raises PackagesMissing, NotAVideo, VideoTooLong, TooSmall, and what reading the header of any photo raises.
        """

        def read() -> Animation | None:
            images.size(photo)
            try:
                return Animation(io.BytesIO(photo), self._limits, "the photo")
            except SinglePicture:
                return None

        if not may_move(photo[:16]) or (moving := await self._batcher.code(read)) is None:
            return None
        check_packages()
        return moving

    async def paint(
        self,
        photo: Animation,
        style: Callable[[], Tensor],
        options: PaintOptions,
        *,
        place: Place,
        charge: Callable[[int], Awaitable[None]],
    ) -> Paintings:
        """All frames in a style (E,), which is asked for when `charge` has returned.

        place, charge: as `Painter.paint` takes them. Raises as it does, and VideoTooLong.
        """
        check_longest(options.size, self._max_size)
        longest = options.size or min(max(photo.size), self._max_size or max(photo.size))
        size = images.scaled(photo.size, longest)
        check_frames(size, self._limits, "the painting")
        limits, strokes = self._batcher.limits, self._batcher.stylizer.strokes
        each = sum(map(math.prod, ladder(size[::-1], options.stroke, strokes)))
        pixels = photo.count * max(each, math.prod(photo.size) // QUICKER)
        if pixels > (most := int(limits.share * limits.pixels)):
            raise VideoTooLong(
                f"{photo.count:,} frames of {size[0]} × {size[1]} have {pixels:,} pixels to be painted; "
                f"while somebody waits, at most {most:,} are; {ELSEWHERE}"
            )
        self._batcher.admission.reserve(place, pixels)
        await charge(photo.count * math.prod(size))
        try:
            async with asyncio.timeout(limits.deadline):
                make = partial(_Frames, photo, size, style(), options, self._batcher.stylizer)
                return await self._paint(await self._batcher.code(make), place)
        except TimeoutError:
            raise self._late() from None
        finally:
            place.painted = True

    def encode(self, paintings: Paintings, photo: Animation, format: MovingFormat, quality: int) -> bytes:
        """A photo's paintings as a file that moves as it does. quality: 1 to 100, of WebP and AVIF."""
        return encode(paintings.pictures, photo.clip, format, quality=quality)

    async def _paint(self, frames: _Frames, place: Place) -> Paintings:
        began = first = time.perf_counter()
        queue = inference = 0.0
        for number in range(1, frames.count + 1):
            if commission := await self._batcher.code(frames.begin):
                painted = await self._batcher.paint_frame(commission[0], frames.vector, commission[1], place)
                queue, inference = queue + painted.queue, inference + painted.inference
                await self._batcher.code(partial(frames.end, painted.rgb))
            now = time.perf_counter()
            if number == 1:
                first = now
            elif number >= TELLING:
                each = (now - first) / (number - 1)
                if now - began + each * (frames.count - number) > self._batcher.limits.deadline:
                    raise self._late()
        finished = time.perf_counter()
        timing = {"decode": finished - began - queue - inference, "queue": queue, "inference": inference}
        self._batcher.metrics.observe_stages(timing)
        trace_stages(timing)
        return Paintings(frames.paintings, timing, finished)

    def _late(self) -> DeadlineExceeded:
        seconds = self._batcher.limits.deadline
        return DeadlineExceeded(f"not all frames can be painted within {seconds:g} seconds; {ELSEWHERE}")


class _Frames:
    """The frames of an animation, one after the other, painted elsewhere. What it does takes a thread."""

    def __init__(
        self, photo: Animation, size: tuple[int, int], vector: Tensor, options: PaintOptions, stylizer: Stylizer
    ) -> None:
        from impasto.model.video.continuity import Continuity  # which needs the packages of films

        self._left, self.count = photo.frames(size=size), photo.count
        self._reduced_from = photo.size if options.size is None and size != photo.size else None
        self.vector, self._options, self._stylizer = vector, options, stylizer
        self._continuity = Continuity(stylizer, MotionConfig())
        self._photo: Picture
        self.paintings: list[Picture] = []

    def begin(self) -> tuple[Canvas, Moving] | None:
        """Read the next frame: what it is painted on, and what it takes over. None: it is that before it once more."""
        self._photo = replace(next(self._left).picture, reduced_from=self._reduced_from)
        check_size(self._photo)
        if painting := self._continuity.again(self._photo, self.vector):
            self.paintings.append(painting)
            return None
        return self._stylizer.canvas(self._photo, self._options.stroke), self._continuity.next(self._photo, self.vector)

    def end(self, painted: Tensor) -> None:
        """The frame that was begun is painted, (3, h, w)."""
        strength, preserve_color = self._options.strength, self._options.preserve_color
        painting = finish(
            self._photo, painted, self._stylizer.strokes, strength=strength, preserve_color=preserve_color
        )
        self.paintings.append(self._continuity.keep(self._photo, self.vector, painting))
