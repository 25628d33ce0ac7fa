"""The one way from the event loop to the device: a bounded queue, one picture at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from app.errors import DeadlineExceeded, QueueFull
from model.stylizer import Stylizer

T = TypeVar("T")


class Painter:
    """Runs a stylizer in a thread of its own, so that the event loop never waits for a picture.

    queue_size: places for requests, from the decoding of the photo to the encoding of the result.
    deadline: seconds from asking for the device to the finished painting.
    """

    def __init__(self, stylizer: Stylizer, *, queue_size: int, deadline: float) -> None:
        self.stylizer = stylizer
        self._queue_size = queue_size
        self._deadline = deadline
        self._taken = 0
        self._seconds_each = 1.0
        self._device = ThreadPoolExecutor(max_workers=1, thread_name_prefix="paint")
        # Few, because a photo being decoded takes 12 bytes and more for each of its own pixels.
        self._codec = ThreadPoolExecutor(max_workers=2, thread_name_prefix="codec")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the queue's places. Raises QueueFull, with the wait at the measured pace."""
        if self._taken >= self._queue_size:
            raise QueueFull(retry_after=self._taken * self._seconds_each)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def run(self, work: Callable[[Stylizer], T]) -> tuple[T, float, float]:
        """The result of `work` on the device, seconds waited for it, seconds worked.

        Work whose caller is cancelled before its turn is never begun. Raises DeadlineExceeded.
        """
        asked = time.perf_counter()

        def timed() -> tuple[T, float, float]:
            begun = time.perf_counter()
            result = work(self.stylizer)
            worked = time.perf_counter() - begun
            self._seconds_each += 0.2 * (worked - self._seconds_each)
            return result, begun - asked, worked

        try:
            async with asyncio.timeout(self._deadline):
                return await asyncio.get_running_loop().run_in_executor(self._device, timed)
        except TimeoutError:
            raise DeadlineExceeded(f"the picture was not painted within {self._deadline:g} seconds") from None

    async def code(self, work: Callable[[], T]) -> T:
        """The result of decoding or encoding a picture, beside the device."""
        return await asyncio.get_running_loop().run_in_executor(self._codec, work)

    def close(self) -> None:
        """Finish what is being painted, drop what waits."""
        for threads in (self._device, self._codec):
            threads.shutdown(cancel_futures=True)
