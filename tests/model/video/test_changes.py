"""Which parts of a picture are painted anew."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.model.video.changes import BEYOND, PARTS, Part, changed
from impasto.model.video.flow import Floats
from impasto.model.video.scene import GRID, Size
from impasto.model.video.stillness import Change

SIZE = 360, 640


def change(*moving: tuple[slice, slice], size: Size = SIZE) -> Change:
    """A picture with noise that has changed in some rectangles."""
    before = np.full((*size, 3), 0.5, np.float32)
    now = before + np.random.default_rng(0).normal(0, 2 / 255, before.shape).astype(np.float32)
    for place in moving:
        now[place] += 20 / 255
    return Change.between(now, before)


def covered(parts: list[Part], size: Size = SIZE) -> Floats:
    painted = np.zeros((*size, 3), np.float32)
    for part in parts:
        part.put(part.of(np.ones((*size, 3), np.float32)), painted)
    return painted[..., 0]


def test_where_all_is_still_nothing_is_painted() -> None:
    assert changed(change()) == []


def test_what_moves_is_painted_with_what_is_near_it_and_the_network_sees_more() -> None:
    moving = slice(100, 150), slice(300, 380)
    (part,) = changed(change(moving))
    for own, seen, moved, side in zip(part.own, part.seen, moving, SIZE, strict=True):
        assert 0 <= own.start <= moved.start - 8 < moved.stop + 8 <= own.stop <= side
        assert (own.start - seen.start, seen.stop - own.stop) >= (BEYOND, BEYOND)
        assert seen.start % GRID == 0


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (90, 35), (271, 481)])
def test_it_never_reaches_beyond_the_picture(size: Size) -> None:
    height, width = size
    for place in ((slice(0, 14), slice(0, 14)), (slice(height - 14, height), slice(width - 14, width))):
        for part in changed(change(place, size=size)):
            assert all(0 <= each.start < each.stop <= side for each, side in zip(part.seen, size, strict=True))
            assert part.of(np.ones(size, np.float32)).shape == tuple(each.stop - each.start for each in part.seen)
        assert covered(changed(change(place, size=size)), size)[place].all()


def test_two_things_far_apart_are_two_parts_and_two_that_are_near_are_one() -> None:
    assert len(changed(change((slice(20, 60), slice(20, 60)), (slice(300, 340), slice(560, 600))))) == 2
    assert len(changed(change((slice(20, 60), slice(20, 60)), (slice(60, 90), slice(70, 100))))) == 1


def test_a_crowd_is_a_few_parts() -> None:
    large, random = (1080, 1920), np.random.default_rng(0)
    corners = random.integers(0, (1000, 1840), size=(30, 2))
    crowd = [(slice(y, y + 60), slice(x, x + 40)) for y, x in corners]
    parts = changed(change(*crowd, size=large))
    assert len(parts) <= PARTS
    assert all(covered(parts, large)[each].all() for each in crowd)


def test_where_most_moves_all_is_painted() -> None:
    assert changed(change((slice(0, 300), slice(0, 500)))) == [Part.whole(SIZE)]


def test_specks_that_are_hardly_seen_do_not_count() -> None:
    before = np.full((*SIZE, 3), 0.5, np.float32)
    now = before.copy()
    now[::32, ::32] += 30 / 255
    assert changed(Change.between(now, before)) == []


@pytest.mark.parametrize("at", range(0, 16, 3))
def test_small_things_that_are_seen_well_are_painted_wherever_they_are(at: int) -> None:
    before = np.full((*SIZE, 3), 0.5, np.float32)
    now = before.copy()
    place = slice(160 + at, 164 + at), slice(304 + at, 308 + at)
    now[place] = 1
    assert covered(changed(Change.between(now, before)))[place].all()


def test_so_is_light_that_changes_slowly_everywhere() -> None:
    before = np.full((*SIZE, 3), 0.5, np.float32)
    noise = np.random.default_rng(0).normal(0, 10 / 255, before.shape).astype(np.float32)
    assert changed(Change.between(before + noise + 3 / 255, before)) == [Part.whole(SIZE)]
    assert changed(Change.between(before + noise, before)) == []


def test_what_was_painted_of_a_part_is_written_where_that_is_and_nowhere_else() -> None:
    (part,) = changed(change((slice(100, 150), slice(300, 380))))
    image = np.zeros((*SIZE, 3), np.float32)
    numbers = np.arange(image.size, dtype=np.float32).reshape(image.shape)
    part.put(part.of(numbers), image)
    assert (image[part.own] == numbers[part.own]).all()
    image[part.own] = 0
    assert not image.any()
