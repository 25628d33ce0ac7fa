"""The process of `impasto serve`. How it stops: tests/app/test_stopping.py."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import uvicorn

from impasto.scripts.serving import _Server


@pytest.fixture
def thawed() -> Iterator[None]:
    """This process, as it was."""
    yield
    gc.unfreeze()


def test_what_is_there_when_it_starts_is_not_looked_through_for_cycles_again(thawed: None) -> None:
    server = _Server(uvicorn.Config(lambda *asked: None, port=0, lifespan="off", log_config=None))
    server.should_exit = True  # as soon as it has started
    before = gc.get_freeze_count()
    server.run()
    assert gc.get_freeze_count() > before
