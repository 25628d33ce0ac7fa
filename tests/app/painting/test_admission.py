"""Who may come in, and when the others are to come back."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.app.painting.admission import Admission, Place, QueueFull, QueueLimits
from impasto.app.painting.batcher import Batcher
from impasto.app.painting.painter import Painter
from impasto.app.painting.paintings import PaintOptions
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.statistics import Held
from impasto.model.network.style_map import Styles
from impasto.model.painting.ladder import Canvas
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from tests.pictures import encoded, photo

SIDE = 32
SECONDS = 0.2
"""That a picture takes."""


class KnownSpeed(Stylizer):
    """Paints every picture in the same time, and notes how bright it was."""

    def __init__(self, source: Checkpoint) -> None:
        super().__init__(source.network, device="cpu", precision="float32")
        self.vector = source.styles.vectors[0]
        self.painted: list[float] = []

    def _paint(self, photos: Tensor, styles: Styles, held: Held | None) -> Tensor:
        self.painted += [round(float(photo.float().mean()), 2) for photo in photos]
        time.sleep(SECONDS * len(photos))
        return super()._paint(photos, styles, held)


@pytest.fixture
def device(tiny_checkpoint: Checkpoint) -> KnownSpeed:
    return KnownSpeed(tiny_checkpoint)


async def painted(batcher: Batcher, client: str, brightness: float = 0.5) -> None:
    """A picture of a client, from its place on."""
    canvas = Canvas(torch.full((3, SIDE, SIDE), brightness), ((SIDE, SIDE),))
    with batcher.admission.place(client) as place:
        batcher.admission.reserve(place, canvas.pixels)
        await batcher.paint(canvas, batcher.stylizer.vector, place)  # type: ignore[attr-defined]


def run(device: KnownSpeed, limits: QueueLimits, scenario: Callable[[Batcher], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        batcher = Batcher(device, limits)
        try:
            return await asyncio.wait_for(scenario(batcher), 30)
        finally:
            batcher.close()

    return asyncio.run(main())


def test_a_full_queue_refuses_and_has_room_when_somebody_has_left() -> None:
    admission = Admission(QueueLimits(pictures=2))
    with admission.place("a"), admission.place("b"), pytest.raises(QueueFull) as refusal, admission.place("c"):
        pass
    assert refusal.value.retry_after >= 1
    with admission.place("c"):
        pass


def test_one_client_holds_no_more_than_its_share_of_places() -> None:
    admission = Admission(QueueLimits(pictures=4, share=0.5))
    with admission.place("a"), admission.place("a"):
        with pytest.raises(QueueFull), admission.place("a"):
            pass
        with admission.place("b"), admission.place("b"):
            pass


def test_one_client_holds_no_more_than_its_share_of_pixels_but_always_a_picture() -> None:
    admission = Admission(QueueLimits(pixels=100, share=0.5))
    with admission.place("a") as one, admission.place("a") as two, admission.place("b") as other:
        admission.reserve(one, 70)
        with pytest.raises(QueueFull):
            admission.reserve(two, 1)
        admission.reserve(other, 30)
        assert admission.pixels == 100


def test_a_share_of_few_places_is_one() -> None:
    with Admission(QueueLimits(pictures=1, share=0.5)).place("a"):
        pass


def test_a_hundred_requests_of_one_client_do_not_starve_the_one_of_another(device: KnownSpeed) -> None:
    async def scenario(batcher: Batcher) -> None:
        greedy = [asyncio.create_task(painted(batcher, "greedy", 0.25)) for _ in range(100)]
        await asyncio.sleep(SECONDS / 2)
        await painted(batcher, "modest", 0.75)
        for task in greedy:
            task.cancel()
        refused = await asyncio.gather(*greedy, return_exceptions=True)
        assert sum(isinstance(each, QueueFull) for each in refused) == 92

    run(device, QueueLimits(pictures=16, share=0.5), scenario)
    assert device.painted.index(0.75) <= 2  # after what was painted already, and at most one more


@pytest.mark.parametrize(
    ("limits", "who", "pictures"),
    [
        (QueueLimits(pictures=4), "new", 4),
        (QueueLimits(pixels=4 * SIDE * SIDE), "new", 4),
        (QueueLimits(pictures=8, share=0.5), "0", 8),  # every second picture before it is another's
    ],
    ids=["places", "pixels", "share"],
)
def test_whoever_comes_back_when_told_finds_room(
    device: KnownSpeed, limits: QueueLimits, who: str, pictures: int
) -> None:
    async def scenario(batcher: Batcher) -> tuple[float, float]:
        await painted(batcher, "first")  # from which the pace is known
        own = pictures // 2 if limits.share < 1 else 1
        tasks = [asyncio.create_task(painted(batcher, str(number // own))) for number in range(pictures)]
        await asyncio.sleep(SECONDS / 4)
        with pytest.raises(QueueFull) as refusal:
            await painted(batcher, who)
        refused = time.perf_counter()
        while True:
            try:
                with batcher.admission.place(who) as place:
                    batcher.admission.reserve(place, SIDE * SIDE)
                break
            except QueueFull:
                await asyncio.sleep(0.005)
        waited = time.perf_counter() - refused
        await asyncio.gather(*tasks)
        return refusal.value.seconds, waited

    told, waited = run(device, limits, scenario)
    assert 0.5 * waited < told < 1.5 * waited


def test_what_is_painted_side_by_side_shares_the_device() -> None:
    admission = Admission(QueueLimits(pictures=3))
    for _ in range(50):
        admission.measure(1000, 1.0)
    with ExitStack() as queue:
        early, late, waiting = (queue.enter_context(admission.place(client)) for client in "abc")
        for place in (early, late, waiting):
            admission.reserve(place, 1000)
        early.begun, late.begun = time.perf_counter() - 1.5, time.perf_counter()
        with pytest.raises(QueueFull) as refusal:
            queue.enter_context(admission.place("d"))
    assert refusal.value.seconds == pytest.approx(2 - 1.5, abs=0.1)
    assert refusal.value.retry_after == 1


def test_several_pictures_must_leave_for_a_large_one(device: KnownSpeed) -> None:
    async def scenario(batcher: Batcher) -> float:
        await painted(batcher, "first")
        tasks = [asyncio.create_task(painted(batcher, str(number))) for number in range(4)]
        await asyncio.sleep(SECONDS / 4)
        with batcher.admission.place("large") as place, pytest.raises(QueueFull) as refusal:
            batcher.admission.reserve(place, 3 * SIDE * SIDE)
        await asyncio.gather(*tasks)
        return refusal.value.seconds

    told = run(device, QueueLimits(pixels=4 * SIDE * SIDE), scenario)
    assert 2 * SECONDS < told < 4 * SECONDS


@pytest.fixture
def undecodable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is decoded fails the test."""

    def decode(*_: object, **__: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(images, "decode", decode)


@pytest.mark.usefixtures("undecodable")
def test_a_photo_that_finds_no_room_is_refused_before_it_is_decoded_and_costs_nothing(device: KnownSpeed) -> None:
    charged: list[int] = []

    async def charge(pixels: int) -> None:
        charged.append(pixels)

    async def scenario(batcher: Batcher) -> None:
        painter = Painter(batcher, max_pixels=1_000_000, max_size=None)
        with ExitStack() as queue:
            other: Place = queue.enter_context(painter.place("other"))
            batcher.admission.reserve(other, 1000)
            place = queue.enter_context(painter.place("client"))
            file = encoded(photo(height=64, width=48))
            with pytest.raises(QueueFull):
                await painter.paint(file, [device.vector], PaintOptions(), place=place, charge=charge)

    run(device, QueueLimits(pixels=1000 + 64 * 48 - 1), scenario)
    assert charged == []


@pytest.mark.usefixtures("undecodable")
def test_a_photo_that_costs_more_than_is_left_is_refused_before_it_is_decoded(device: KnownSpeed) -> None:
    class TooMuch(Exception):
        pass

    async def charge(pixels: int) -> None:
        raise TooMuch

    async def scenario(batcher: Batcher) -> None:
        painter = Painter(batcher, max_pixels=1_000_000, max_size=None)
        with painter.place("client") as place, pytest.raises(TooMuch):
            await painter.paint(encoded(photo()), [device.vector], PaintOptions(), place=place, charge=charge)

    run(device, QueueLimits(), scenario)


@pytest.mark.parametrize(
    "options", [PaintOptions(), PaintOptions(size=96), PaintOptions(stroke=2), PaintOptions(size=43)]
)
def test_what_a_photo_will_cost_is_known_from_its_header(device: KnownSpeed, options: PaintOptions) -> None:
    file = encoded(photo(height=64, width=48))
    charged: list[int] = []

    async def charge(pixels: int) -> None:
        charged.append(pixels)

    async def scenario(batcher: Batcher) -> tuple[int, int]:
        painter = Painter(batcher, max_pixels=1_000_000, max_size=None)
        with painter.place("client") as place:
            paintings = await painter.paint(file, [device.vector] * 2, options, place=place, charge=charge)
            assert charged == [sum(math.prod(picture.size) for picture in paintings.pictures)]
            return place.pixels, 2 * painter.stylizer.canvas(
                painter._decode(file, 2, options.size), options.stroke
            ).pixels

    known, painted = run(device, QueueLimits(), scenario)
    assert known == painted
