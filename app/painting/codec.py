"""Where pictures are decoded and encoded: beside the device, a few at a time.

A thread cannot be stopped. One that takes too long is given up on: whoever asked is told, and another takes its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

import structlog
import torch

from impasto.model.errors import ImpastoError

T = TypeVar("T")

AT_ONCE = 2
"""Few, because a photo being decoded takes 12 bytes and more for each of its own pixels."""
MOST_GIVEN_UP = 6
"""Threads that may still be at what nobody waits for, before their places are not taken by others any more."""

log = structlog.stdlib.get_logger(__name__)


class DeadlineExceeded(ImpastoError):
    """The picture was not painted in time, or not read or written."""


class Codec:
    """Threads for what decodes and encodes. seconds: that any of it may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._places = asyncio.Semaphore(AT_ONCE)
        self._threads = ThreadPoolExecutor(
            AT_ONCE + MOST_GIVEN_UP, "codec", initializer=torch.set_num_threads, initargs=(1,)
        )

    async def do(self, work: Callable[[], T]) -> T:
        """The result of some work, whose lines of log have the request's id. Raises DeadlineExceeded.

        When whoever asked leaves, the work goes on, and keeps its place as long as it does.
        """
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        working = loop.run_in_executor(self._threads, copy_context().run, work)
        overdue = loop.call_later(self._seconds, working.cancel)
        working.add_done_callback(lambda _: overdue.cancel())
        working.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            if not working.cancelled():
                raise
            log.error("decoding or encoding a picture was given up on", seconds=self._seconds)
            raise DeadlineExceeded(f"the picture was not read or written within {self._seconds:g} seconds") from None

    def close(self) -> None:
        """Wait for what is at work, and drop the rest."""
        self._threads.shutdown(cancel_futures=True)
