"""All hostile files, by kind: made by a script, none kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.hostile import animations, bombs, lying, metadata, modes, oddities, polyglots, truncated
from tests.hostile.case import Case

KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    "truncated": truncated.cases,
    "lying": lying.cases,
    "modes": modes.cases,
    "polyglots": polyglots.cases,
    "metadata": metadata.cases,
    "animations": animations.cases,
    "bombs": bombs.cases,
    "oddities": oddities.cases,
}
"""What a file is like -> those that are like it."""
