"""Large pictures, a strip of rows at a time."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from impasto.model.pictures.strips import STRIP_PIXELS, strips


@given(height=st.integers(1, 10_000), width=st.integers(1, 3_000_000))
def test_strips_are_all_rows_once_and_in_order(height: int, width: int) -> None:
    rows = list(strips(height, width))
    assert (rows[0].start, rows[-1].stop) == (0, height)
    assert all(above.stop == below.start for above, below in pairwise(rows))
    assert all(each.stop - each.start == 1 or (each.stop - each.start) * width <= STRIP_PIXELS for each in rows)


def test_a_picture_of_three_million_by_33_pixels_is_done_in_few_strips() -> None:
    assert len(list(strips(33, 3_000_000))) == 33
    assert len(list(strips(3_000_000, 33))) == 199
