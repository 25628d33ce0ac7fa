"""The order of visiting, one place at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar import analogies, coherence, order, quilting, sampling, search


def _row_by_row(height: int, width: int, _: int) -> Iterator[Tensor]:
    for row in range(height):
        for column in range(width):
            yield torch.tensor([[row, column]])


def _one_by_one(height: int, width: int, apart: int) -> Iterator[Tensor]:
    for step in order.onion(height, width, apart):
        yield from step.flip(0).split(1)


@pytest.fixture
def sequential(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, every method visits its places one after the other, as the papers have it, without kernels."""

    def visit() -> None:
        monkeypatch.setattr(search, "library", lambda: None)
        for module in (quilting, coherence, analogies):
            monkeypatch.setattr(module, "wavefront", _row_by_row)
        monkeypatch.setattr(sampling, "onion", _one_by_one)

    return visit


@pytest.fixture(params=["kernels", "tensors"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test runs with kernels, and without."""
    if request.param == "tensors":
        monkeypatch.setattr(search, "library", lambda: None)
    elif search.library() is None:
        pytest.skip("there is no compiler")


@pytest.fixture
def on_threads() -> Iterator[Callable[[int], None]]:
    """Sets the number of threads; afterwards it is what it was."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
