"""The queue in front of the device, and what it paints together."""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from impasto.app.painting.admission import QueueFull, QueueLimits
from impasto.app.painting.batcher import Batcher, Painted
from impasto.app.painting.codec import DeadlineExceeded
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.statistics import Held
from impasto.model.network.style_map import Styles
from impasto.model.painting.ladder import Canvas
from impasto.model.painting.memory import OutOfMemory
from impasto.model.painting.stylizer import Stylizer


class Device(Stylizer):
    """A stylizer that notes what it is given, and waits before each batch until it is told to go on."""

    def __init__(self, source: Checkpoint) -> None:
        super().__init__(source.network, device="cpu", precision="float32")
        self.vectors = source.styles.vectors
        self.go = threading.Event()
        self.go.set()
        self.batches: list[tuple[int, ...]] = []
        self.cores: list[int] = []

    def _paint(self, photos: Tensor, styles: Styles, held: Held | None) -> Tensor:
        assert self.go.wait(20)
        self.batches.append(tuple(photos.shape))
        self.cores.append(torch.get_num_threads())
        if (photos > 1).any():
            raise ValueError("brighter than white")
        return super()._paint(photos, styles, held)


@pytest.fixture
def device(tiny_checkpoint: Checkpoint) -> Device:
    return Device(tiny_checkpoint)


def photo(height: int = 32, width: int = 32, seed: int = 0) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def canvas(height: int = 32, width: int = 32, seed: int = 0) -> Canvas:
    return of(photo(height, width, seed))


def of(photo: Tensor) -> Canvas:
    return Canvas(photo, ((photo.shape[1], photo.shape[2]),))


def run(device: Device, limits: QueueLimits, scenario: Callable[[Batcher], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        batcher = Batcher(device, limits)
        try:
            return await asyncio.wait_for(scenario(batcher), 30)
        finally:
            device.go.set()
            batcher.close()

    return asyncio.run(main())


async def settle() -> None:
    """Let every task get as far as it can without the device."""
    for _ in range(5):
        await asyncio.sleep(0.01)


def test_more_pixels_than_may_wait_are_refused_but_one_picture_never(device: Device) -> None:
    async def scenario(batcher: Batcher) -> None:
        device.go.clear()
        large = asyncio.create_task(batcher.paint(canvas(64, 64), device.vectors[0]))
        await settle()
        with pytest.raises(QueueFull):
            await batcher.paint(canvas(), device.vectors[0])
        device.go.set()
        assert (await large).rgb.shape == (3, 64, 64)
        assert (await batcher.paint(canvas(), device.vectors[0])).rgb.shape == (3, 32, 32)

    run(device, QueueLimits(pixels=4000), scenario)


def test_pictures_of_one_size_share_a_batch_whatever_their_styles(device: Device) -> None:
    vectors = device.vectors

    async def scenario(batcher: Batcher) -> list[Tensor]:
        device.go.clear()
        first = asyncio.create_task(batcher.paint(canvas(48), vectors[0]))
        await settle()
        others = [
            asyncio.create_task(batcher.paint(canvas(*size, seed=seed), vectors[seed]))
            for seed, size in enumerate([(32, 32), (32, 40), (32, 32)])
        ]
        await settle()
        device.go.set()
        await first
        return [(await task).rgb for task in others]

    painted = run(device, QueueLimits(batch=4), scenario)
    assert device.batches == [(1, 3, 48, 32), (2, 3, 32, 32), (1, 3, 32, 40)]
    for seed, size in enumerate([(32, 32), (32, 40), (32, 32)]):
        alone = device.paint(photo(*size, seed=seed)[None], vectors[seed][None])[0]
        torch.testing.assert_close(painted[seed], alone, rtol=0, atol=1e-5)


def test_one_photo_in_many_styles_is_one_batch_even_on_an_idle_device(device: Device) -> None:
    async def scenario(batcher: Batcher) -> list[Any]:
        return list(await batcher.paint_all([(canvas(), vector) for vector in device.vectors]))

    painted = run(device, QueueLimits(batch=4), scenario)
    assert device.batches == [(3, 3, 32, 32)]
    for each, vector in zip(painted, device.vectors, strict=True):
        torch.testing.assert_close(each.rgb, device.paint(photo()[None], vector[None])[0], rtol=0, atol=1e-5)


def test_many_styles_are_let_in_together_or_not_at_all_and_leave_together(device: Device) -> None:
    vectors = device.vectors

    async def scenario(batcher: Batcher) -> None:
        device.go.clear()
        busy = asyncio.create_task(batcher.paint(canvas(48), vectors[0]))
        await settle()
        with pytest.raises(QueueFull):
            await batcher.paint_all([(canvas(), vector) for vector in vectors])
        leaving = asyncio.create_task(batcher.paint_all([(canvas(), vector) for vector in vectors[:2]]))
        await settle()
        leaving.cancel()
        device.go.set()
        await busy
        await batcher.paint(canvas(40), vectors[0])

    run(device, QueueLimits(pixels=4000), scenario)
    assert [shape[2] for shape in device.batches] == [48, 40]


@pytest.mark.parametrize(
    ("limits", "sizes"), [(QueueLimits(batch=2), [1, 2, 2]), (QueueLimits(batch_pixels=3100), [1] * 5)]
)
def test_a_batch_is_bounded_by_count_and_by_pixels(device: Device, limits: QueueLimits, sizes: list[int]) -> None:
    limits = QueueLimits(batch=limits.batch if limits.batch > 1 else 8, batch_pixels=limits.batch_pixels)

    async def scenario(batcher: Batcher) -> None:
        device.go.clear()
        tasks = [asyncio.create_task(batcher.paint(canvas(40, 40), device.vectors[0])) for _ in range(5)]
        await settle()
        device.go.set()
        await asyncio.gather(*tasks)

    run(device, limits, scenario)
    assert [shape[0] for shape in device.batches] == sizes


def test_an_idle_device_begins_at_once_and_a_busy_one_waits_for_its_batch_to_fill(device: Device) -> None:
    async def scenario(batcher: Batcher) -> None:
        vector = device.vectors[0]
        alone = await batcher.paint(canvas(), vector)
        assert alone.queue < 0.5  # though a batch is waited for as long as a second
        device.go.clear()
        busy = asyncio.create_task(batcher.paint(canvas(), vector))
        await settle()
        early = asyncio.create_task(batcher.paint(canvas(), vector))
        await settle()
        device.go.set()
        await busy
        late = asyncio.create_task(batcher.paint(canvas(), vector))
        await asyncio.gather(early, late)

    run(device, QueueLimits(batch=2, wait=1.0), scenario)
    assert [shape[0] for shape in device.batches] == [1, 1, 2]


@pytest.fixture
def three_cores() -> Iterator[None]:
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(1)


@pytest.mark.usefixtures("three_cores")
def test_a_picture_alone_is_painted_by_all_cores_and_many_share_them(device: Device) -> None:
    async def scenario(batcher: Batcher) -> list[Tensor]:
        vector = device.vectors[0]
        device.go.clear()
        tasks = [asyncio.create_task(batcher.paint(canvas(seed=0), vector))]
        await settle()
        tasks += [asyncio.create_task(batcher.paint(canvas(seed=seed), vector)) for seed in (1, 2, 3, 4)]
        await settle()
        device.go.set()
        return [(await task).rgb for task in tasks]

    painted = run(device, QueueLimits(), scenario)
    assert device.cores[0] == 3 and sorted(device.cores) == [1, 1, 1, 1, 3]
    for seed, picture in enumerate(painted):
        torch.testing.assert_close(picture, device.paint(photo(seed=seed)[None], device.vectors[:1])[0])


def test_many_cores_paint_no_more_than_eight_pictures_at_once(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 20)
    monkeypatch.setattr(torch, "set_num_threads", device.cores.append)

    async def scenario(batcher: Batcher) -> None:
        await asyncio.gather(*(batcher.paint(canvas(), device.vectors[0]) for _ in range(12)))

    run(device, QueueLimits(), scenario)
    asked = [cores for cores in device.cores if cores != 20]
    assert len(asked) >= 11 and min(asked) == 3


@pytest.mark.usefixtures("three_cores")
def test_pictures_painted_at_once_are_bounded_by_their_pixels(tiny_checkpoint: Checkpoint) -> None:
    class OneByOne(Device):
        """Paints a picture for each permit."""

        permits = threading.Semaphore(0)
        begun = 0

        def _paint(self, photos: Tensor, styles: Styles, held: Held | None) -> Tensor:
            self.begun += 1
            assert self.permits.acquire(timeout=20)
            return super()._paint(photos, styles, held)

    device = OneByOne(tiny_checkpoint)

    async def scenario(batcher: Batcher) -> int:
        tasks = [asyncio.create_task(batcher.paint(canvas(), device.vectors[0])) for _ in range(4)]
        await settle()
        device.permits.release()
        await tasks[0]
        await settle()
        begun = device.begun
        device.permits.release(3)
        await asyncio.gather(*tasks)
        return begun

    assert run(device, QueueLimits(batch_pixels=2 * 32 * 32), scenario) == 1 + 2


def test_the_event_loop_goes_on_while_a_picture_is_painted(device: Device) -> None:
    async def scenario(batcher: Batcher) -> float:
        device.go.clear()
        painting = asyncio.create_task(batcher.paint(canvas(), device.vectors[0]))
        await settle()
        device.go.set()  # only a loop that is not blocked gets here
        return (await painting).inference

    assert run(device, QueueLimits(), scenario) > 0


def test_what_is_cancelled_or_too_late_never_reaches_the_device(device: Device) -> None:
    async def scenario(batcher: Batcher) -> None:
        vector = device.vectors[0]
        device.go.clear()
        first = asyncio.create_task(batcher.paint(canvas(), vector))
        await settle()
        cancelled = asyncio.create_task(batcher.paint(canvas(33), vector))
        await settle()
        cancelled.cancel()
        for late in (first, asyncio.create_task(batcher.paint(canvas(34), vector))):
            with pytest.raises(DeadlineExceeded, match=r"0\.2 seconds"):
                await late
        device.go.set()
        await batcher.paint(canvas(35), vector)

    run(device, QueueLimits(deadline=0.2), scenario)
    assert [shape[2] for shape in device.batches] == [32, 35]


def test_what_nobody_waits_for_any_more_leaves_the_device_between_two_levels(device: Device) -> None:
    levels = Canvas(photo(64, 64), ((32, 32), (64, 64)))

    async def scenario(batcher: Batcher) -> None:
        device.go.clear()
        leaving = asyncio.create_task(batcher.paint(levels, device.vectors[0]))
        await settle()
        leaving.cancel()
        await settle()
        device.go.set()
        await batcher.paint(levels, device.vectors[0])

    run(device, QueueLimits(), scenario)
    assert [shape[2] for shape in device.batches] == [32, 32, 64]


def test_a_batch_goes_on_while_anybody_waits_for_it(device: Device) -> None:
    levels = Canvas(photo(64, 64), ((32, 32), (64, 64)))

    async def scenario(batcher: Batcher) -> Painted:
        device.go.clear()
        busy = asyncio.create_task(batcher.paint(canvas(48), device.vectors[0]))
        await settle()
        leaving, staying = (asyncio.create_task(batcher.paint(levels, device.vectors[0])) for _ in range(2))
        await settle()
        leaving.cancel()
        device.go.set()
        await busy
        return await staying

    assert run(device, QueueLimits(batch=2), scenario).rgb.shape == (3, 64, 64)


def test_pictures_of_the_same_levels_are_one_batch_whatever_their_own_sizes_were(device: Device) -> None:
    levels = [Canvas(photo(64, 64, seed), ((32, 32), (64, 64))) for seed in range(3)]

    async def scenario(batcher: Batcher) -> list[Painted]:
        device.go.clear()
        tasks = [asyncio.create_task(batcher.paint(each, device.vectors[0])) for each in (canvas(48), *levels)]
        await settle()
        device.go.set()
        return await asyncio.gather(*tasks)

    painted = run(device, QueueLimits(batch=8), scenario)
    assert [shape[:3] for shape in device.batches] == [(1, 3, 48), (3, 3, 32), (3, 3, 64)]
    for each, alone in zip(painted[1:], levels, strict=True):
        expected = device.paint(alone.photo[None], device.vectors[:1], sizes=alone.sizes)[0]
        torch.testing.assert_close(each.rgb, expected, rtol=0, atol=1e-5)


def test_the_queue_counts_the_pixels_of_all_levels(device: Device) -> None:
    levels = Canvas(photo(64, 64), ((32, 32), (64, 64)))

    async def scenario(batcher: Batcher) -> None:
        device.go.clear()
        painting = asyncio.create_task(batcher.paint(levels, device.vectors[0]))
        await settle()
        with pytest.raises(QueueFull):
            await batcher.paint(canvas(32, 33), device.vectors[0])
        device.go.set()
        await painting

    run(device, QueueLimits(pixels=64 * 64 + 2 * 32 * 32), scenario)


def test_a_picture_that_fails_fails_alone(device: Device) -> None:
    async def scenario(batcher: Batcher) -> list[Any]:
        device.go.clear()
        photos = [photo(48), photo(seed=1), photo(seed=2) + 1, photo(seed=3)]
        tasks = [asyncio.create_task(batcher.paint(of(each), device.vectors[0])) for each in photos]
        await settle()
        device.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    _, one, two, three = run(device, QueueLimits(batch=8), scenario)
    assert isinstance(two, ValueError)
    assert one.rgb.shape == three.rgb.shape == (3, 32, 32)


def test_pictures_for_which_there_is_no_memory_together_are_painted_one_by_one(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = torch.stack

    def short(tensors: list[Tensor]) -> Tensor:
        if len(tensors) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000 bytes.")
        return stack(tensors)

    monkeypatch.setattr(torch, "stack", short)

    async def scenario(batcher: Batcher) -> list[Painted]:
        return list(await batcher.paint_all([(canvas(), vector) for vector in device.vectors]))

    assert len(run(device, QueueLimits(batch=4), scenario)) == 3
    assert [shape[0] for shape in device.batches] == [1, 1, 1]


def test_what_a_picture_took_that_failed_is_free_at_once(tiny_checkpoint: Checkpoint) -> None:
    class Broken(Device):
        def _paint(self, photos: Tensor, styles: Styles, held: Held | None) -> Tensor:
            features = torch.zeros(1000)
            self.taken = weakref.ref(features)
            raise ValueError("a fault")

    device = Broken(tiny_checkpoint)

    async def scenario(batcher: Batcher) -> bool:
        with pytest.raises(ValueError, match="a fault") as failed:
            await batcher.paint(canvas(), device.vectors[0])
        assert failed.traceback[-1].name == "_paint"  # for the log
        return device.taken() is None

    assert run(device, QueueLimits(), scenario)


@pytest.mark.usefixtures("three_cores")
def test_a_picture_for_which_no_thread_can_be_started_takes_no_place_for_ever(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def scenario(batcher: Batcher) -> list[Painted]:
        device.go.clear()
        first = asyncio.create_task(batcher.paint(canvas(), device.vectors[0]))
        more = asyncio.create_task(batcher.paint(canvas(), device.vectors[0]))
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", none_left)
            await settle()
        device.go.set()
        refused = [each for each in (first, more) if isinstance(each.exception(), RuntimeError)]
        assert refused
        return [await batcher.paint(canvas(), device.vectors[0]) for _ in range(4)]

    assert len(run(device, QueueLimits(), scenario)) == 4


def test_a_lack_of_memory_for_a_file_is_said(device: Device) -> None:
    def short() -> None:
        raise MemoryError

    with pytest.raises(OutOfMemory, match="too little memory to read or write a picture"):
        run(device, QueueLimits(), lambda batcher: batcher.code(short))


def test_a_batch_too_large_for_the_device_is_split_and_a_picture_painted_in_tiles(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Small(Device):
        def _paint(self, photos: Tensor, styles: Styles, held: Held | None) -> Tensor:
            if len(photos) * photos.shape[2] > 64:
                raise torch.OutOfMemoryError
            return super()._paint(photos, styles, held)

    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    caplog.set_level(logging.INFO)
    device = Small(tiny_checkpoint)

    async def scenario(batcher: Batcher) -> list[Any]:
        device.go.clear()
        sizes = [48, 32, 32, 32, 80]
        tasks = [asyncio.create_task(batcher.paint(canvas(size), device.vectors[0])) for size in sizes]
        await settle()
        device.go.set()
        return await asyncio.gather(*tasks)

    painted = run(device, QueueLimits(batch=8), scenario)
    assert [each.rgb.shape[1] for each in painted] == [48, 32, 32, 32, 80]
    assert [shape[0] for shape in device.batches] == [1, 1, 2]  # 3 are split into 1 and 2; the largest is in tiles
    assert "32 × 80" in caplog.text


@given(
    requests=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([32, 33, 40]), st.booleans(), st.integers(0, 3)), max_size=12
    ),
    batch=st.integers(1, 4),
)
@settings(max_examples=15)
def test_whatever_comes_everyone_has_the_answer_to_their_own_request(
    tiny_checkpoint: Checkpoint, requests: list[tuple[int, int, bool, int]], batch: int
) -> None:
    device = Device(tiny_checkpoint)

    async def scenario(batcher: Batcher) -> list[Any]:
        tasks = []
        for number, (style, side, leaves, pause) in enumerate(requests):
            picture = photo(side, seed=number) + (number == 5)
            tasks.append(asyncio.create_task(batcher.paint(of(picture), device.vectors[style])))
            await asyncio.sleep(pause / 1000)
            if leaves:
                tasks[-1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = run(device, QueueLimits(batch=batch, wait=0.001), scenario)
    assert all(shape[0] <= batch for shape in device.batches)
    for number, (answer, (style, side, leaves, _)) in enumerate(zip(answers, requests, strict=True)):
        if isinstance(answer, BaseException):
            assert leaves or number == 5
        else:
            alone = device.paint(photo(side, seed=number)[None], device.vectors[style][None])[0]
            torch.testing.assert_close(answer.rgb, alone, rtol=0, atol=1e-5)
