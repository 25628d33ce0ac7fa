"""Where it is computed."""

from __future__ import annotations

import pytest
import torch

from impasto.model.network.allocator import release_freed_memory
from impasto.model.network.device import device_name, find_precision, memory_taken


def test_the_memory_taken_on_a_cpu_is_that_of_the_process() -> None:
    release_freed_memory()  # else what other tests kept is taken again
    before = memory_taken(torch.device("cpu"))
    kept = torch.ones(100_000_000, dtype=torch.uint8)
    assert memory_taken(torch.device("cpu")) - before > 0.9 * len(kept)


@pytest.mark.parametrize(
    ("units", "precision", "named"),
    [
        ({}, "float32", []),
        ({"avx512_bf16": True}, "bfloat16", ["AVX512_BF16"]),
        ({"avx512_bf16": True, "amx_bf16": True}, "bfloat16", ["AMX", "AVX512_BF16"]),
    ],
)
def test_bfloat16_is_chosen_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, units: dict[str, bool], precision: str, named: list[str]
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units)
    assert find_precision("auto", torch.device("cpu")) == precision
    assert device_name(torch.device("cpu")).rstrip(")").split(", ")[1:] == named
