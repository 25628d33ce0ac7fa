"""From a photo as a file to its paintings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from impasto.app.painting.painter import longest_side


@given(st.integers(500, 2000), st.integers(500, 2000), st.integers(10_000, 10_000_000))
def test_the_longest_side_for_some_pixels_is_the_longest_that_keeps_to_them(
    width: int, height: int, pixels: int
) -> None:
    def pixels_of(side: int) -> int:
        return side * max(1, round(min(width, height) * side / max(width, height)))

    side = longest_side((width, height), pixels)
    assert pixels_of(side) <= pixels < pixels_of(side + 1)


def test_the_longest_side_of_a_line_is_found_at_once() -> None:
    assert longest_side((178_956_970, 1), 100_000_000) == 100_000_000
    assert longest_side((1, 1), 1) == 1
