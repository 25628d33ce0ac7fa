"""The queue in front of the device."""

from __future__ import annotations

import asyncio
import threading

import pytest

from app.errors import DeadlineExceeded, QueueFull
from app.painter import Painter
from model.checkpoint import Checkpoint
from model.stylizer import Stylizer


@pytest.fixture(scope="module")
def stylizer(tiny_checkpoint: Checkpoint) -> Stylizer:
    return Stylizer(tiny_checkpoint, device="cpu")


def test_a_full_queue_refuses_and_says_when_to_come_back(stylizer: Stylizer) -> None:
    painter = Painter(stylizer, queue_size=2, deadline=10)
    with painter.place(), painter.place(), pytest.raises(QueueFull) as refusal, painter.place():
        pass
    assert refusal.value.retry_after >= 1
    with painter.place():  # both places are free again
        pass


def test_the_event_loop_goes_on_while_a_picture_is_painted(stylizer: Stylizer) -> None:
    async def scenario() -> str:
        painter = Painter(stylizer, queue_size=2, deadline=10)
        release = threading.Event()
        painting = asyncio.create_task(painter.run(lambda _: release.wait(10) and "painted"))
        await asyncio.sleep(0)
        release.set()  # only a loop that is not blocked gets here
        result, waited, worked = await painting
        assert waited >= 0 and worked >= 0
        return str(result)

    assert asyncio.run(scenario()) == "painted"


def test_work_that_is_cancelled_while_it_waits_is_never_begun(stylizer: Stylizer) -> None:
    begun: list[str] = []

    async def scenario() -> None:
        painter = Painter(stylizer, queue_size=4, deadline=10)
        release = threading.Event()
        first = asyncio.create_task(painter.run(lambda _: release.wait(10)))
        waiting = asyncio.create_task(painter.run(lambda _: begun.append("cancelled")))
        last = asyncio.create_task(painter.run(lambda _: begun.append("last")))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(first, last)

    asyncio.run(scenario())
    assert begun == ["last"]


def test_work_that_is_not_done_in_time_is_given_up(stylizer: Stylizer) -> None:
    async def scenario() -> None:
        painter = Painter(stylizer, queue_size=4, deadline=0.05)
        release = threading.Event()
        try:
            await painter.run(lambda _: release.wait(10))
        finally:
            release.set()

    with pytest.raises(DeadlineExceeded, match=r"0\.05 seconds"):
        asyncio.run(scenario())


def test_an_error_of_one_picture_is_its_own(stylizer: Stylizer) -> None:
    async def scenario() -> str:
        painter = Painter(stylizer, queue_size=4, deadline=10)
        failing = painter.run(lambda _: 1 / 0)
        fine = painter.run(lambda _: "painted")
        results = await asyncio.gather(failing, fine, return_exceptions=True)
        assert isinstance(results[0], ZeroDivisionError)
        assert not isinstance(results[1], BaseException)
        return results[1][0]

    assert asyncio.run(scenario()) == "painted"
