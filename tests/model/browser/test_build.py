"""Kernels for browsers: what their build says where it cannot be done. What they paint: tests/web."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from impasto.model.browser import build
from impasto.model.native.building import KernelsUnavailable


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    with pytest.raises(KernelsUnavailable, match="pip install ziglang"):
        build.build([32], tmp_path / "kernels.wasm")


@pytest.mark.skipif(find_spec("ziglang") is None, reason="ziglang is not installed (make device)")
def test_what_cannot_be_compiled_is_said_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "broken.cpp"
    source.write_text("int main( {")
    monkeypatch.setattr(build, "SOURCES", [source])
    with pytest.raises(KernelsUnavailable, match="expected"):
        build.build([32], tmp_path / "kernels.wasm")
    assert [*tmp_path.iterdir()] == [source]
