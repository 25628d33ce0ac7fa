"""How large strokes are, relative to the picture: the number, and how it is read."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, Literal

from impasto.model.errors import InvalidValue

LEAST, MOST = 0.25, 4.0
NATIVE: Final = "native"

Stroke = float | Literal["native"]
"""LEAST to MOST: 1 is strokes as large, relative to the picture, as in one whose longer side is 512 pixels, whatever
its resolution; 2 is twice as large. "native": one pass of the network, whose strokes are a fixed number of pixels."""


def check_stroke(stroke: float | str) -> Stroke:
    """The stroke. Raises InvalidValue for what is none."""
    if stroke == NATIVE:
        return NATIVE
    if isinstance(stroke, str) or not LEAST <= stroke <= MOST:
        raise InvalidValue(f"stroke is a number from {LEAST:g} to {MOST:g}, or {NATIVE}, not {stroke!r:.30}")
    return stroke


def parse_stroke(text: str) -> Stroke:
    """A stroke as a form writes it. Raises InvalidValue."""
    stroke: float | str = text
    with suppress(ValueError):
        stroke = float(text)
    return check_stroke(stroke)
