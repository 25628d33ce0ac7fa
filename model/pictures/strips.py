"""Large pictures a strip of rows at a time: a whole one as floats would take 12 bytes a pixel and more."""

from __future__ import annotations

from collections.abc import Iterator

STRIP_PIXELS = 500_000
"""About as many are worked on at once."""


def strips(height: int, width: int, *, least: int = 1) -> Iterator[slice]:
    """The rows of a picture of that size, from the top, so many at a time; at least so many."""
    rows = max(least, STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
