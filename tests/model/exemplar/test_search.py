"""The kernels: where they come from, and that nothing hangs on them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar import search
from impasto.model.exemplar.coherence import cohere
from impasto.model.exemplar.config import QuiltingConfig, SamplingConfig
from impasto.model.exemplar.quilting import quilt
from impasto.model.exemplar.sampling import sample
from impasto.model.native import building
from impasto.model.native.building import KernelsUnavailable
from tests.instruction_sets import skip_without
from tests.model.exemplar.exemplars import pebbles


@pytest.fixture
def fresh() -> Iterator[None]:
    """Kernels are looked for anew, here and afterwards."""
    library = search.library
    library.cache_clear()
    yield
    library.cache_clear()


def test_without_a_compiler_the_log_says_so_once_and_the_picture_is_the_same(
    fresh: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise KernelsUnavailable("there is no C++ compiler")

    monkeypatch.setattr(building, "load", refuse)
    with caplog.at_level(logging.WARNING):
        made = [quilt(pebbles(), 30, 30, QuiltingConfig(block=9)) for _ in range(2)]
    (line,) = caplog.messages
    assert "no C++ compiler" in line
    monkeypatch.undo()
    search.library.cache_clear()
    assert torch.equal(quilt(pebbles(), 30, 30, QuiltingConfig(block=9)), made[0])


@pytest.mark.parametrize("units", ["DEFAULT", "AVX2", "AVX512"])
def test_the_picture_is_the_same_in_every_instruction_set(
    units: str, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without(units)

    def made() -> list[Tensor]:
        one = quilt(pebbles(), 40, 40, QuiltingConfig(block=9)), sample(pebbles(), 16, 20, SamplingConfig(window=5))
        return [*one, cohere(pebbles(), 30, 31)]

    monkeypatch.setattr(building, "vector_units", lambda: units)
    compiled = made()
    monkeypatch.setattr(search, "library", lambda: None)
    assert all(torch.equal(one, other) for one, other in zip(compiled, made(), strict=True))


def test_kernels_are_built_for_every_instruction_set(tmp_path: Path) -> None:
    assert len(set(search.build(tmp_path))) == len(list(tmp_path.iterdir())) > 0


def test_what_does_not_lie_together_in_memory_is_not_read() -> None:
    with pytest.raises(ValueError, match="together in memory"):
        search._pointer(torch.zeros(4, 4)[:, 1])
