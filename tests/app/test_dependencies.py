"""What requests are handed."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import isasyncgenfunction, iscoroutinefunction, isfunction
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from impasto.app import routes

ROUTES = [found.name for found in pkgutil.iter_modules(routes.__path__)]


def called(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    """The route, and whatever it depends on."""
    yield dependant.call
    for other in dependant.dependencies:
        yield from called(other)


@pytest.mark.parametrize("name", ROUTES)
def test_no_function_is_called_in_a_thread_to_hand_a_request_what_it_needs(name: str) -> None:
    router = import_module(f"impasto.app.routes.{name}").router
    found = [call for route in router.routes if isinstance(route, APIRoute) for call in called(route.dependant)]
    assert found
    in_threads = [call for call in found if not (iscoroutinefunction(call) or isasyncgenfunction(call))]
    assert [call for call in in_threads if isfunction(call)] == []
