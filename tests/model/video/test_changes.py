"""Which parts of a picture are painted anew."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.model.video.changes import BEYOND, MOST, PARTS, SEEN, Part, changed
from impasto.model.video.flow import Floats
from impasto.model.video.scene import GRID, Size

SIZE = 360, 640


def apart(*moving: tuple[slice, slice], size: Size = SIZE) -> Floats:
    """Of a picture that has changed in some rectangles, and by noise elsewhere."""
    found = np.full(size, SEEN / 2, np.float32)
    for place in moving:
        found[place] = 2 * SEEN
    return found


def covered(parts: list[Part], size: Size = SIZE) -> Floats:
    painted = np.zeros((*size, 3), np.float32)
    for part in parts:
        part.put(part.of(np.ones((*size, 3), np.float32)), painted)
    return painted[..., 0]


def test_where_all_is_still_nothing_is_painted() -> None:
    assert changed(apart()) == []


def test_what_moves_is_painted_with_what_is_near_it_and_the_network_sees_more() -> None:
    moving = slice(100, 150), slice(300, 380)
    (part,) = changed(apart(moving))
    for own, seen, moved, side in zip(part.own, part.seen, moving, SIZE, strict=True):
        assert 0 <= own.start <= moved.start - 8 < moved.stop + 8 <= own.stop <= side
        assert (own.start - seen.start, seen.stop - own.stop) >= (BEYOND, BEYOND)
        assert seen.start % GRID == 0


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (90, 35), (271, 481)])
def test_it_never_reaches_beyond_the_picture(size: Size) -> None:
    height, width = size
    for place in ((slice(0, 14), slice(0, 14)), (slice(height - 14, height), slice(width - 14, width))):
        for part in changed(apart(place, size=size)):
            assert all(0 <= each.start < each.stop <= side for each, side in zip(part.seen, size, strict=True))
            assert part.of(np.ones(size, np.float32)).shape == tuple(each.stop - each.start for each in part.seen)
        assert covered(changed(apart(place, size=size)), size)[place].all()


def test_two_things_far_apart_are_two_parts_and_two_that_are_near_are_one() -> None:
    assert len(changed(apart((slice(20, 60), slice(20, 60)), (slice(300, 340), slice(560, 600))))) == 2
    assert len(changed(apart((slice(20, 60), slice(20, 60)), (slice(60, 90), slice(70, 100))))) == 1


def test_a_crowd_is_a_few_parts() -> None:
    large, random = (1080, 1920), np.random.default_rng(0)
    corners = random.integers(0, (1000, 1840), size=(30, 2))
    crowd = [(slice(y, y + 60), slice(x, x + 40)) for y, x in corners]
    parts = changed(apart(*crowd, size=large))
    assert len(parts) <= PARTS
    assert all(covered(parts, large)[each].all() for each in crowd)


def test_where_most_moves_all_is_painted() -> None:
    assert changed(apart((slice(0, 300), slice(0, 500)))) == [Part.whole(SIZE)]
    assert Part.whole(SIZE).pixels > MOST * SIZE[0] * SIZE[1]


def test_specks_of_noise_do_not_count() -> None:
    noisy = apart()
    noisy[::16, ::16] = 1
    assert changed(noisy) == []


def test_what_was_painted_of_a_part_is_written_where_that_is_and_nowhere_else() -> None:
    (part,) = changed(apart((slice(100, 150), slice(300, 380))))
    image = np.zeros((*SIZE, 3), np.float32)
    numbers = np.arange(image.size, dtype=np.float32).reshape(image.shape)
    part.put(part.of(numbers), image)
    assert (image[part.own] == numbers[part.own]).all()
    image[part.own] = 0
    assert not image.any()
