"""What can be imported from `impasto` itself."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import impasto


def test_every_public_name_is_that_of_its_module() -> None:
    assert all(getattr(impasto, name) is getattr(import_module(home), name) for name, home in impasto.PUBLIC.items())
    assert set(impasto.PUBLIC) <= set(dir(impasto))
    with pytest.raises(AttributeError, match="'impasto' has no attribute 'Painter'"):
        impasto.Painter  # type: ignore[attr-defined]  # noqa: B018


def test_type_checkers_are_told_the_same_names() -> None:
    tree = ast.parse(Path(impasto.__file__).read_text("utf-8"))
    told = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("impasto.")
        for alias in node.names
    }
    assert told == impasto.PUBLIC
