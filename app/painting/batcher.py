"""The one way from the event loop to the device: everyone's pictures, painted together where they have one size.

A style is an argument of the network, so pictures in different styles and blends share a batch. Sizes never do:
padding would change the statistics of the normalizations, and with them the picture. What counts is what the network
has to paint: of a large picture several levels, which may have fewer pixels together than it has.

On a CPU a batch gains nothing. There a picture alone is painted by all cores, and each of many by one: cores that work
on one picture wait for each other after every layer, the longer the more of them also decode and encode.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from impasto.app.metrics import Metrics
from impasto.app.painting.admission import Admission, Place, QueueLimits
from impasto.app.painting.codec import Codec, DeadlineExceeded
from impasto.app.painting.turns import Turns
from impasto.model.network.device import memory_taken
from impasto.model.painting.ladder import Canvas
from impasto.model.painting.memory import shortage
from impasto.model.painting.moving import Moving
from impasto.model.painting.regions import Regions
from impasto.model.painting.stylizer import Stylizer

T = TypeVar("T")

AT_ONCE = 8
"""Most pictures painted at once on a CPU: OpenMP gives each of their threads as many more as there are cores."""


class Abandoned(Exception):
    """Nobody waits for these pictures any more."""


@dataclass(frozen=True)
class Painted:
    """A painting (3, H, W) of its canvas, seconds waited for the device, seconds on it."""

    rgb: Tensor
    queue: float
    inference: float


@dataclass(eq=False)
class _Request:
    canvas: Canvas
    style: Tensor | Regions
    place: Place
    moving: Moving | None = None
    begun: bool = False
    answer: asyncio.Future[Painted] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    asked: float = field(default_factory=time.perf_counter)

    @property
    def pixels(self) -> int:
        return self.canvas.pixels

    def fits(self, other: _Request) -> bool:
        """Whether both can be painted in one batch. What follows frames before it is painted alone."""
        if self.moving or other.moving:
            return self is other
        alike = self._by_region == other._by_region and self._style_size == other._style_size
        return alike and self.canvas.fits(other.canvas)

    @property
    def _style_size(self) -> int:
        """By which the stylizer tells its networks apart."""
        return len(self.style) if isinstance(self.style, Tensor) else self.style.vectors.shape[-1]

    @property
    def _by_region(self) -> bool:
        return isinstance(self.style, Regions) and self.style.by_region


@dataclass(frozen=True)
class _Batch:
    """Requests of one size that are painted together, and how many cores paint them."""

    requests: list[_Request]
    cores: int

    @property
    def pixels(self) -> int:
        return sum(request.pixels for request in self.requests)

    def go_on(self, share: float) -> None:
        """Raises Abandoned when nobody waits any more."""
        if all(request.answer.done() for request in self.requests):
            raise Abandoned


class Batcher:
    """Runs a stylizer in threads of its own, so that the event loop never waits for a picture."""

    def __init__(self, stylizer: Stylizer, limits: QueueLimits, metrics: Metrics | None = None) -> None:
        self.stylizer = stylizer
        self.limits = limits
        self.metrics = metrics or Metrics()
        self.admission = Admission(limits)
        self._turns = Turns()
        self.metrics.queue_requests.set_function(lambda: self.admission.requests)
        self.metrics.queue_pixels.set_function(lambda: self.admission.pixels)
        self.metrics.device_memory.set_function(lambda: memory_taken(stylizer.device))
        self._waiting: list[_Request] = []
        self._painting: list[_Batch] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._cores = torch.get_num_threads() if stylizer.device.type == "cpu" else 1
        self._fewest = -(-self._cores // AT_ONCE)
        self._device = ThreadPoolExecutor(min(self._cores, AT_ONCE), thread_name_prefix="paint")
        self._codec = Codec(limits.deadline)

    async def paint(self, canvas: Canvas, style: Tensor | Regions, place: Place | None = None) -> Painted:
        """A canvas in a style (E,), or in regions. Raises QueueFull, DeadlineExceeded, and what the network raises.

        What is cancelled before its turn, or past its deadline then, never reaches the device; what is cancelled while
        it is painted leaves it after the level or the tile at work.
        """
        return (await self.paint_all([(canvas, style)], place))[0]

    async def paint_all(
        self, paintings: Sequence[tuple[Canvas, Tensor | Regions]], place: Place | None = None
    ) -> list[Painted]:
        """Several canvases, each in a style: all or none are let in, and they are one batch if it fits.

        place: what was taken for them in the queue; None: they are nobody's, and count by their pixels only.
        """
        if place is None:
            with self.admission.place("", counted=False) as nobodys:
                self.admission.reserve(nobodys, sum(canvas.pixels for canvas, _ in paintings))
                return await self.paint_all(paintings, nobodys)
        try:
            return await self._paint([_Request(*each, place) for each in paintings], place, place.pixels)
        finally:
            place.painted = True

    async def paint_frame(self, canvas: Canvas, style: Tensor, moving: Moving, place: Place) -> Painted:
        """The next frame of a picture that moves; whoever holds its place, of all frames, says when they are painted.

        It has a turn of its own: others' pictures are painted between two frames. Raises as `paint` does.
        """
        return (await self._paint([_Request(canvas, style, place, moving)], place, canvas.pixels))[0]

    async def _paint(self, requests: list[_Request], place: Place, pixels: int) -> list[Painted]:
        """Requests of a place, which have so many pixels, when its turn has come."""
        place.turn = self._turns.take(place.client, pixels)
        self._waiting = sorted([*self._waiting, *requests], key=lambda each: each.place.turn)
        if self._alarm is None or self._next_requests()[1]:
            self._paint_next()
        try:
            async with asyncio.timeout(self.limits.deadline):
                return await asyncio.gather(*(each.answer for each in requests))
        except TimeoutError:
            raise DeadlineExceeded(f"the picture was not painted within {self.limits.deadline:g} seconds") from None
        finally:
            if not any(each.begun for each in requests):
                self._turns.give_back(place.client, pixels)
            for each in requests:
                each.answer.cancel()

    async def code(self, work: Callable[[], T]) -> T:
        """The result of decoding or encoding a picture, beside the device. Raises DeadlineExceeded, OutOfMemory."""
        with shortage("read or write a picture"):
            return await self._codec.do(work)

    def close(self) -> None:
        """Finish what is being painted, drop what waits; uvicorn has answered every request before."""
        self._device.shutdown(cancel_futures=True)
        self._codec.close()

    def _paint_next(self) -> None:
        """Give what waits to the device, as far as there are cores and memory."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while batch := self._next_batch():
            self._painting.append(batch)
            self._waiting = [request for request in self._waiting if request not in batch.requests]
            for request in batch.requests:
                request.begun, request.place.begun = True, request.place.begun or time.perf_counter()
                self._turns.begin(request.place.turn)
            loop = asyncio.get_running_loop()
            try:
                work = loop.run_in_executor(self._device, paint_each, self.stylizer, batch)
            except RuntimeError as error:  # the system has no thread left
                self._painting.remove(batch)
                for request in batch.requests:
                    request.answer.set_exception(error)
                return
            work.add_done_callback(partial(self._answer, batch))

    def _next_batch(self) -> _Batch | None:
        """What is to be painted now: with all free cores, or with its share if others wait."""
        requests, _ = self._next_requests()
        free = self._cores - sum(batch.cores for batch in self._painting)
        if not requests or free < self._fewest:
            return None
        others = len(self._waiting) - len(requests)
        batch = _Batch(requests, cores=max(self._fewest, -(-free // (1 + others))))
        fits = not self._painting or self._painted_now + batch.pixels <= self.limits.batch_pixels
        return batch if fits else None

    @property
    def _painted_now(self) -> int:
        """Pixels on the device."""
        return sum(batch.pixels for batch in self._painting)

    def _next_requests(self) -> tuple[list[_Request], bool]:
        """Whoever's turn it is, with as many of that size as fit a batch, and whether more would not fit."""
        self._waiting = [request for request in self._waiting if not request.answer.done()]
        same: list[_Request] = []
        for request in self._waiting:
            if request.fits(self._waiting[0]):
                same.append(request)
                if len(same) == self.limits.batch or (len(same) + 1) * request.pixels > self.limits.batch_pixels:
                    return same, True
        return same, False

    def _answer(self, batch: _Batch, work: asyncio.Future[_Results]) -> None:
        """Hand out what the device has painted, and go on."""
        self._painting.remove(batch)
        if work.cancelled():  # the service stops
            return
        results, begun, worked = work.result()
        moving = batch.requests[0].moving
        if pixels := moving.pixels if moving else batch.pixels:
            self.admission.measure(pixels, worked * batch.cores / self._cores)
        self.metrics.batch_pictures.observe(len(batch.requests))
        self.metrics.painted_pixels.inc(pixels)
        for request, result in zip(batch.requests, results, strict=True):
            if request.answer.done():
                continue
            if isinstance(result, Exception):
                request.answer.set_exception(result)
            else:
                request.answer.set_result(Painted(result, begun - request.asked, worked))
        _, full = self._next_requests()
        if full or not self._waiting:
            self._paint_next()
        else:  # others may be about to come
            self._alarm = asyncio.get_running_loop().call_later(self.limits.wait, self._paint_next)


_Results = tuple[list[Tensor | Exception], float, float]


def paint_each(stylizer: Stylizer, batch: _Batch) -> _Results:
    """A painting or an error for every request of a batch, when it was begun, and the seconds it took."""
    begun = time.perf_counter()
    if stylizer.device.type == "cpu":
        torch.set_num_threads(batch.cores)  # of what this thread calls
    results = _paint_each(stylizer, batch)
    return results, begun, time.perf_counter() - begun


def _paint_each(stylizer: Stylizer, batch: _Batch) -> list[Tensor | Exception]:
    """All at once; where that fails, for want of memory say, each half by itself, so that one picture fails alone."""
    count = len(batch.requests)
    try:
        return list(_paint_together(stylizer, batch))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer to one request
        _let_go(error)
        if count == 1 or isinstance(error, Abandoned):  # of which halves would only be begun again
            return [error] * count
    halves = batch.requests[: count // 2], batch.requests[count // 2 :]
    return [result for each in halves for result in _paint_each(stylizer, _Batch(each, batch.cores))]


def _paint_together(stylizer: Stylizer, batch: _Batch) -> Tensor:
    requests, sizes = batch.requests, batch.requests[0].canvas.sizes
    photos = requests[0].canvas.photo[None]  # not copied where it is alone: it may be large
    if len(requests) > 1:
        photos = torch.stack([each.canvas.photo for each in requests])
    styles, moving = [each.style for each in requests], requests[0].moving
    return stylizer.paint(photos, styles, sizes=sizes, moving=moving, progress=batch.go_on)


def _let_go(error: BaseException | None) -> None:
    """Free the tensors of what failed, which its traceback would keep; memory may be what was short."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__
