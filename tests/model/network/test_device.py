"""Where it is computed."""

from __future__ import annotations

import torch

from impasto.model.network.allocator import release_freed_memory
from impasto.model.network.device import memory_taken


def test_the_memory_taken_on_a_cpu_is_that_of_the_process() -> None:
    release_freed_memory()  # else what other tests kept is taken again
    before = memory_taken(torch.device("cpu"))
    kept = torch.ones(100_000_000, dtype=torch.uint8)
    assert memory_taken(torch.device("cpu")) - before > 0.9 * len(kept)
