"""Every error that a room raises on purpose is one of ours; anything else is a fault, with its traceback."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest

import impasto.model
from impasto.model.errors import ImpastoError

ROOMS = ("pictures", "styles", "perception", "painting", "training", "fitting", "evaluation", "optimization")


@pytest.mark.parametrize("room", ROOMS)
def test_the_errors_of_a_room_derive_from_one_root(room: str) -> None:
    package = import_module(f"{impasto.model.__name__}.{room}")
    modules = [import_module(f"{package.__name__}.{each.name}") for each in pkgutil.iter_modules(package.__path__)]
    errors = [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == module.__name__
    ]
    assert [kind for kind in errors if not issubclass(kind, ImpastoError)] == []
