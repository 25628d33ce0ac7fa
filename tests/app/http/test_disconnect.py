"""What is done for a client that leaves."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from impasto.app.http.disconnect import ClientDisconnected, unless_disconnected


def request(leaves: asyncio.Event) -> Request:
    async def receive() -> Message:
        await leaves.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


def test_work_for_a_client_that_stays_is_done() -> None:
    async def scenario() -> str:
        async with unless_disconnected(request(asyncio.Event())):
            await asyncio.sleep(0.01)
            return "done"

    assert asyncio.run(scenario()) == "done"


def test_work_for_a_client_that_leaves_is_cancelled_and_whoever_called_goes_on() -> None:
    async def scenario() -> None:
        leaves, cleaned = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            async with unless_disconnected(request(leaves)):
                try:
                    await asyncio.sleep(60)
                finally:
                    cleaned.set()

        asyncio.get_running_loop().call_later(0.01, leaves.set)
        with pytest.raises(ClientDisconnected):
            await work()
        assert cleaned.is_set()
        await asyncio.sleep(0)  # no cancellation is left over

    asyncio.run(scenario())


def test_what_the_work_raises_is_raised() -> None:
    async def scenario() -> None:
        with pytest.raises(ZeroDivisionError):
            async with unless_disconnected(request(asyncio.Event())):
                raise ZeroDivisionError

    asyncio.run(scenario())


def test_a_task_that_is_cancelled_by_others_stays_cancelled() -> None:
    async def scenario() -> None:
        async def work() -> None:
            async with unless_disconnected(request(asyncio.Event())):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
