"""The one way from the event loop to the device: everyone's pictures, painted together where they have one size.

A style is an argument of the network, so pictures in different styles and blends share a batch. Sizes never do:
padding would change the statistics of the normalizations, and with them the picture.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

from app.errors import DeadlineExceeded, QueueFull
from model.stylizer import Stylizer

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """What may wait, and what is painted together.

    pictures: most in the queue, from the decoding of the photo to the encoding of the result.
    pixels: most that are painted or wait for the device; a single picture may have more.
    batch, batch_pixels: most that are painted at once; a single picture may have more pixels.
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
    """A painting (3, H, W), seconds waited for the device, seconds on it."""

    rgb: Tensor
    queue: float
    inference: float


@dataclass(eq=False)
class _Request:
    photo: Tensor
    style_vector: Tensor
    answer: asyncio.Future[Painted]
    asked: float = field(default_factory=time.perf_counter)

    @property
    def pixels(self) -> int:
        return self.photo.shape[1] * self.photo.shape[2]


class Batcher:
    """Runs a stylizer in a thread of its own, so that the event loop never waits for a picture."""

    def __init__(self, stylizer: Stylizer, limits: Limits) -> None:
        self.stylizer = stylizer
        self.limits = limits
        self._places = 0
        self._waiting: list[_Request] = []
        self._painting: list[_Request] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._seconds_per_pixel = 1e-6
        self._pixels_each = 1e6
        self._device = ThreadPoolExecutor(max_workers=1, thread_name_prefix="paint")
        # Few, because a photo being decoded takes 12 bytes and more for each of its own pixels.
        self._codec = ThreadPoolExecutor(max_workers=2, thread_name_prefix="codec")

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

    async def paint(self, photo: Tensor, style_vector: Tensor) -> Painted:
        """A photo (3, H, W) in [0, 1] in a style (E,). Raises QueueFull, DeadlineExceeded, and what the network raises.

        What is cancelled before its turn, or past its deadline then, never reaches the device.
        """
        return (await self.paint_all(photo, [style_vector]))[0]

    async def paint_all(self, photo: Tensor, style_vectors: Sequence[Tensor]) -> list[Painted]:
        """A photo in each of several styles: all or none are let in, and they are one batch if it fits."""
        loop = asyncio.get_running_loop()
        requests = [_Request(photo, vector, loop.create_future()) for vector in style_vectors]
        queued = sum(each.pixels for each in (*self._waiting, *self._painting))
        if queued and queued + sum(each.pixels for each in requests) > self.limits.pixels:
            raise self._full()
        self._waiting += requests
        if self._alarm is None or self._next_batch()[1]:
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
        """Give the device a batch, if it is free and something waits."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._painting:
            return
        self._painting, _ = self._next_batch()
        self._waiting = [request for request in self._waiting if request not in self._painting]
        if self._painting:
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(self._device, paint_each, self.stylizer, self._painting)
            work.add_done_callback(self._answer)

    def _next_batch(self) -> tuple[list[_Request], bool]:
        """The batch of whoever waits longest, as many of that size as fit, and whether more would not fit."""
        self._waiting = [request for request in self._waiting if not request.answer.done()]
        batch: list[_Request] = []
        for request in self._waiting:
            if request.photo.shape == self._waiting[0].photo.shape:
                batch.append(request)
                if len(batch) == self.limits.batch or (len(batch) + 1) * request.pixels > self.limits.batch_pixels:
                    return batch, True
        return batch, False

    def _answer(self, work: asyncio.Future[_Results]) -> None:
        """Hand out what the device has painted, and go on."""
        batch, self._painting = self._painting, []
        if work.cancelled():  # the service stops
            return
        results, begun, worked = work.result()
        self._seconds_per_pixel += 0.2 * (worked / sum(each.pixels for each in batch) - self._seconds_per_pixel)
        for request, result in zip(batch, results, strict=True):
            self._pixels_each += 0.2 * (request.pixels - self._pixels_each)
            if request.answer.done():
                continue
            if isinstance(result, Exception):
                request.answer.set_exception(result)
            else:
                request.answer.set_result(Painted(result, begun - request.asked, worked))
        _, full = self._next_batch()
        if full or not self._waiting:
            self._paint_next()
        else:  # others may be about to come
            self._alarm = asyncio.get_running_loop().call_later(self.limits.wait, self._paint_next)

    def _full(self) -> QueueFull:
        return QueueFull(retry_after=self._places * self._pixels_each * self._seconds_per_pixel)


_Results = tuple[list[Tensor | Exception], float, float]


def paint_each(stylizer: Stylizer, batch: Sequence[_Request]) -> _Results:
    """A painting or an error for every request of a batch, when it was begun, and the seconds it took."""
    begun = time.perf_counter()
    results = _paint_each(stylizer, [each.photo for each in batch], [each.style_vector for each in batch])
    return results, begun, time.perf_counter() - begun


def _paint_each(
    stylizer: Stylizer, photos: Sequence[Tensor], style_vectors: Sequence[Tensor]
) -> list[Tensor | Exception]:
    """All at once; where that fails, for want of memory say, each half by itself, so that one picture fails alone."""
    try:
        return list(stylizer.paint(torch.stack([*photos]), torch.stack([*style_vectors])))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer to one request
        half = len(photos) // 2
        if half:
            return _paint_each(stylizer, photos[:half], style_vectors[:half]) + _paint_each(
                stylizer, photos[half:], style_vectors[half:]
            )
        return [error]
