"""The one way from the event loop to the device: everyone's pictures, painted together where they have one size.

A style is an argument of the network, so pictures in different styles and blends share a batch. Sizes never do:
padding would change the statistics of the normalizations, and with them the picture. What counts is what the network
has to paint: of a large picture several levels, which may have fewer pixels together than it has.

On a CPU a batch gains nothing. There a picture alone is painted by all cores, and each of many by one: cores that work
on one picture wait for each other after every layer, the longer the more of them also decode and encode.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from impasto.app.metrics import Metrics
from impasto.model.errors import ImpastoError
from impasto.model.network.device import memory_taken
from impasto.model.painting.ladder import Canvas
from impasto.model.painting.stylizer import Stylizer

T = TypeVar("T")

AT_ONCE = 8
"""Most pictures painted at once on a CPU: OpenMP gives each of their threads as many more as there are cores."""


class QueueFull(ImpastoError):
    """As many requests as fit are being painted or waiting. retry_after: seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("as many pictures as fit are waiting to be painted; try again later")
        self.retry_after = math.ceil(retry_after)


class DeadlineExceeded(ImpastoError):
    """The picture was not painted in time."""


class Abandoned(Exception):
    """Nobody waits for these pictures any more."""


@dataclass(frozen=True)
class QueueLimits:
    """What may wait, and what is painted together.

    pictures: most in the queue, from the decoding of the photo to the encoding of the result.
    pixels: most that are painted or wait for the device, of all levels; a single picture may have more.
    batch: most pictures in one batch.
    batch_pixels: most that are painted at once; a single picture may have more.
    wait: seconds for which a busy device waits for a batch to fill.
    deadline: seconds from asking for the device to the finished painting.
    """

    pictures: int = 16
    pixels: int = 50_000_000
    batch: int = 1
    batch_pixels: int = 8_000_000
    wait: float = 0.003
    deadline: float = 60.0


@dataclass(frozen=True)
class Painted:
    """A painting (3, H, W) of its canvas, seconds waited for the device, seconds on it."""

    rgb: Tensor
    queue: float
    inference: float


@dataclass(eq=False)
class _Request:
    canvas: Canvas
    style_vector: Tensor
    answer: asyncio.Future[Painted]
    asked: float = field(default_factory=time.perf_counter)

    @property
    def pixels(self) -> int:
        return self.canvas.pixels


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
        self.metrics.queue_requests.set_function(lambda: self._places)
        self.metrics.queue_pixels.set_function(lambda: self._pixels)
        self.metrics.device_memory.set_function(lambda: memory_taken(stylizer.device))
        self._places = 0
        self._waiting: list[_Request] = []
        self._painting: list[_Batch] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._seconds_per_pixel = 1e-6
        self._pixels_each = 1e6
        self._cores = torch.get_num_threads() if stylizer.device.type == "cpu" else 1
        self._fewest = -(-self._cores // AT_ONCE)
        self._device = ThreadPoolExecutor(min(self._cores, AT_ONCE), thread_name_prefix="paint")
        # Few, because a photo being decoded takes 12 bytes and more for each of its own pixels.
        self._codec = ThreadPoolExecutor(2, "codec", initializer=torch.set_num_threads, initargs=(1,))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the queue's places. Raises QueueFull, with the wait at the measured pace."""
        if self._places >= self.limits.pictures:
            raise self._full()
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    async def paint(self, canvas: Canvas, style_vector: Tensor) -> Painted:
        """A canvas in a style (E,). Raises QueueFull, DeadlineExceeded, and what the network raises.

        What is cancelled before its turn, or past its deadline then, never reaches the device; what is cancelled while
        it is painted leaves it after the level or the tile at work.
        """
        return (await self.paint_all(canvas, [style_vector]))[0]

    async def paint_all(self, canvas: Canvas, style_vectors: Sequence[Tensor]) -> list[Painted]:
        """A canvas in each of several styles: all or none are let in, and they are one batch if it fits."""
        loop = asyncio.get_running_loop()
        requests = [_Request(canvas, vector, loop.create_future()) for vector in style_vectors]
        queued = self._pixels
        if queued and queued + sum(each.pixels for each in requests) > self.limits.pixels:
            raise self._full()
        self._waiting += requests
        if self._alarm is None or self._next_requests()[1]:
            self._paint_next()
        try:
            async with asyncio.timeout(self.limits.deadline):
                return await asyncio.gather(*(each.answer for each in requests))
        except TimeoutError:
            raise DeadlineExceeded(f"the picture was not painted within {self.limits.deadline:g} seconds") from None
        finally:
            for each in requests:
                each.answer.cancel()

    async def code(self, work: Callable[[], T]) -> T:
        """The result of decoding or encoding a picture, beside the device."""
        return await asyncio.get_running_loop().run_in_executor(self._codec, work)

    def close(self) -> None:
        """Finish what is being painted, drop what waits; uvicorn has answered every request before."""
        for threads in (self._device, self._codec):
            threads.shutdown(cancel_futures=True)

    def _paint_next(self) -> None:
        """Give what waits to the device, as far as there are cores and memory."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while batch := self._next_batch():
            self._painting.append(batch)
            self._waiting = [request for request in self._waiting if request not in batch.requests]
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(self._device, paint_each, self.stylizer, batch)
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
    def _pixels(self) -> int:
        """Pixels on the device and waiting for it."""
        return self._painted_now + sum(each.pixels for each in self._waiting if not each.answer.done())

    @property
    def _painted_now(self) -> int:
        """Pixels on the device."""
        return sum(batch.pixels for batch in self._painting)

    def _next_requests(self) -> tuple[list[_Request], bool]:
        """Whoever waits longest, with as many of that size as fit a batch, and whether more would not fit."""
        self._waiting = [request for request in self._waiting if not request.answer.done()]
        same: list[_Request] = []
        for request in self._waiting:
            if request.canvas.fits(self._waiting[0].canvas):
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
        pace = worked * batch.cores / self._cores / batch.pixels
        self.metrics.batch_pictures.observe(len(batch.requests))
        self.metrics.painted_pixels.inc(batch.pixels)
        self._seconds_per_pixel += 0.2 * (pace - self._seconds_per_pixel)
        for request, result in zip(batch.requests, results, strict=True):
            self._pixels_each += 0.2 * (request.pixels - self._pixels_each)
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

    def _full(self) -> QueueFull:
        pixels = max(self._pixels, self._places * self._pixels_each)  # some are still being decoded
        return QueueFull(retry_after=pixels * self._seconds_per_pixel)


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
    requests, sizes = batch.requests, batch.requests[0].canvas.sizes
    photos = requests[0].canvas.photo[None]  # not copied where it is alone: it may be large
    if len(requests) > 1:
        photos = torch.stack([each.canvas.photo for each in requests])
    vectors = torch.stack([each.style_vector for each in requests])
    try:
        return list(stylizer.paint(photos, vectors, sizes=sizes, progress=batch.go_on))
    except Abandoned as error:  # halves would only be begun again
        return [error] * len(requests)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer to one request
        half = len(requests) // 2
        if not half:
            return [error]
        halves = requests[:half], requests[half:]
        return [result for each in halves for result in _paint_each(stylizer, _Batch(each, batch.cores))]
