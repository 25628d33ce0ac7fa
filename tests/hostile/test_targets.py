"""Mutated files, packs and forms: a right answer or a named refusal. The long form, under guidance, is `make fuzz`."""

from __future__ import annotations

from random import Random

import pytest

from tests.hostile.mutation import mutated
from tests.hostile.targets import TARGETS

COUNTS = {"picture": 300, "pack": 150, "signed-pack": 150, "form": 60}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses, or reads all the same
@pytest.mark.parametrize("name", TARGETS)
def test_mutated_bytes_are_read_or_refused(name: str) -> None:
    random, target = Random(0), TARGETS[name]
    seeds = target.seeds()
    for _ in range(COUNTS[name]):
        data = mutated(seeds, random)
        try:
            target.read(data)
        except Exception as error:
            error.add_note(f"of {data!r}")
            raise
