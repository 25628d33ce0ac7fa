"""Pictures are read and written beside the event loop, and one that takes too long costs others nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
import structlog

from impasto.app.http.request_log import request_id
from impasto.app.painting.codec import AT_ONCE, MOST_GIVEN_UP, Codec, DeadlineExceeded

T = TypeVar("T")


def run(seconds: float, scenario: Callable[[Codec], Awaitable[T]]) -> T:
    async def main() -> T:
        codec = Codec(seconds)
        try:
            return await asyncio.wait_for(scenario(codec), 30)
        finally:
            codec.close()

    return asyncio.run(main())


def test_the_result_comes_back_and_so_does_what_is_raised() -> None:
    async def scenario(codec: Codec) -> int:
        with pytest.raises(ZeroDivisionError):
            await codec.do(lambda: 1 // 0)
        return await codec.do(lambda: 6 * 7)

    assert run(10, scenario) == 42


def test_what_is_logged_has_the_id_of_the_request() -> None:
    async def scenario(codec: Codec) -> str:
        structlog.contextvars.bind_contextvars(request_id="find-me")
        return await codec.do(request_id)

    assert run(10, scenario) == "find-me"


def test_what_takes_too_long_is_given_up_on_and_others_take_its_place() -> None:
    """As many as are ever given up on, one after the other, and the next is still done at once."""
    ends = threading.Event()

    async def scenario(codec: Codec) -> str:
        for _ in range(MOST_GIVEN_UP // AT_ONCE):
            stuck = [codec.do(lambda: ends.wait(20)) for _ in range(AT_ONCE)]
            for answer in await asyncio.gather(*stuck, return_exceptions=True):
                assert isinstance(answer, DeadlineExceeded) and "not read or written within 0.5 seconds" in str(answer)
        try:
            return await codec.do(lambda: "done")
        finally:
            ends.set()

    assert run(0.5, scenario) == "done"


def test_who_leaves_does_not_make_room_for_more_work_than_there_may_be() -> None:
    """Else memory would have no bound: whoever asks and leaves at once could fill it."""
    ends, at_once, most = threading.Event(), 0, 0
    changing = threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        with changing:
            at_once += 1
            most = max(most, at_once)
        assert ends.wait(20)
        with changing:
            at_once -= 1

    async def scenario(codec: Codec) -> None:
        for _ in range(4 * AT_ONCE):
            leaving = asyncio.create_task(codec.do(work))
            await asyncio.sleep(0.01)
            leaving.cancel()
        ends.set()
        await codec.do(lambda: None)

    run(10, scenario)
    assert most == AT_ONCE
