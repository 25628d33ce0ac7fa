"""Pictures that move, in the queue among others."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from impasto.app.painting.admission import QueueLimits
from impasto.app.painting.animator import Animator
from impasto.app.painting.batcher import Batcher
from impasto.app.painting.paintings import PaintOptions
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.video.clip import VideoTooLong
from impasto.model.video.config import Limits
from tests.app.painting.test_batcher import Device, canvas, run, settle
from tests.films import animated

FRAMES, EACH = 8, 64 * 48
CHARGED: list[int] = []


@pytest.fixture
def device(tiny_checkpoint: Checkpoint) -> Device:
    return Device(tiny_checkpoint)


async def charge(pixels: int) -> None:
    CHARGED.append(pixels)


def while_painting(device: Device, then: Callable[[Batcher, asyncio.Task[None]], Awaitable[None]]) -> None:
    """What happens while the first frame of an animation is on the device."""

    async def scenario(batcher: Batcher) -> None:
        animator = Animator(batcher, Limits(seconds=60, frames=100, pixels=10_000), None)
        photo = await animator.open(animated(FRAMES))
        assert photo is not None

        async def paint() -> None:
            with batcher.admission.place("one") as place:
                await animator.paint(photo, lambda: device.vectors[0], PaintOptions(), place=place, charge=charge)

        device.go.clear()
        painting = asyncio.create_task(paint())
        while not any(place.begun for place in batcher.admission._places):
            await settle()
        await then(batcher, painting)

    run(device, QueueLimits(), scenario)


def test_all_frames_are_reserved_and_charged_and_each_has_a_turn(device: Device) -> None:
    async def then(batcher: Batcher, painting: asyncio.Task[None]) -> None:
        assert batcher.admission.pixels == FRAMES * EACH
        assert CHARGED[-1] == FRAMES * EACH
        other = asyncio.create_task(batcher.paint(canvas(40, 40), device.vectors[0]))
        await settle()
        device.go.set()
        await other
        await painting
        assert device.batches.index((1, 3, 40, 40)) == 1  # after the frame that was begun
        assert len(device.batches) == FRAMES + 1

    while_painting(device, then)


def test_nothing_is_painted_any_more_for_whom_nobody_waits(device: Device) -> None:
    async def then(batcher: Batcher, painting: asyncio.Task[None]) -> None:
        painting.cancel()
        await settle()
        device.go.set()
        with suppress(asyncio.CancelledError):
            await painting
        await batcher.paint(canvas(40, 40), device.vectors[0])
        assert len(device.batches) == 2  # the frame that was begun, and the other picture
        assert batcher.admission.pixels == 0

    while_painting(device, then)


@pytest.mark.parametrize("size", [200, 10**12])
def test_frames_that_become_larger_than_those_of_films_are_refused_before_they_take_a_place(
    device: Device, size: int
) -> None:
    async def scenario(batcher: Batcher) -> None:
        animator = Animator(batcher, Limits(seconds=60, frames=100, pixels=10_000), None)
        photo = await animator.open(animated(FRAMES))
        assert photo is not None
        with batcher.admission.place("one") as place, pytest.raises(VideoTooLong, match="at most 10,000 pixels"):
            await animator.paint(photo, lambda: device.vectors[0], PaintOptions(size), place=place, charge=charge)
        assert batcher.admission.pixels == 0

    run(device, QueueLimits(), scenario)


def test_what_a_frame_takes_is_measured_by_what_was_painted_of_it(device: Device) -> None:
    async def then(batcher: Batcher, painting: asyncio.Task[None]) -> None:
        device.go.set()
        await painting
        seen = sum(math.prod(batch[2:]) for batch in device.batches)
        assert seen != FRAMES * EACH  # of a camera that moves: frames are seen from elsewhere
        assert batcher.metrics.registry.get_sample_value("impasto_painted_pixels_total") == seen

    while_painting(device, then)
