"""Every error has its problem."""

from __future__ import annotations

from collections.abc import Iterator

import grimp

from impasto.app import main
from impasto.app.errors import CODES
from impasto.model.errors import ImpastoError


def kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds(each)


def test_every_error_that_the_service_can_raise_has_a_status_and_a_code() -> None:
    serves = grimp.build_graph("impasto").find_upstream_modules(main.__name__)
    raised = [kind for kind in kinds(ImpastoError) if kind.__module__ in serves]
    assert len(raised) > 20
    assert [kind.__qualname__ for kind in raised if not any(each in CODES for each in kind.__mro__)] == []
