"""The kernels: where they come from, and that nothing hangs on them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from impasto.model.exemplar import search
from impasto.model.exemplar.config import QuiltingConfig
from impasto.model.exemplar.quilting import quilt
from impasto.model.network.kernels import KernelsUnavailable
from tests.model.exemplar.exemplars import pebbles


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine where nothing can be built."""

    def refuse(_: list[Path]) -> None:
        raise KernelsUnavailable("there is no C++ compiler")

    monkeypatch.setattr(search, "load", refuse)
    search.library.cache_clear()
    yield
    search.library.cache_clear()


def test_without_a_compiler_the_log_says_so_once_and_the_picture_is_the_same(
    without_compiler: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        made = [quilt(pebbles(), 30, 30, QuiltingConfig(block=9)) for _ in range(2)]
    (line,) = caplog.messages
    assert "no C++ compiler" in line
    monkeypatch.undo()
    search.library.cache_clear()
    assert torch.equal(quilt(pebbles(), 30, 30, QuiltingConfig(block=9)), made[0])


def test_kernels_are_built_for_every_instruction_set(tmp_path: Path) -> None:
    assert len(set(search.build(tmp_path))) == len(list(tmp_path.iterdir())) > 0


def test_what_does_not_lie_together_in_memory_is_not_read() -> None:
    with pytest.raises(ValueError, match="together in memory"):
        search._pointer(torch.zeros(4, 4)[:, 1])
