"""Where libraries come from, and what happens where they cannot be had."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from impasto.model.native import building
from impasto.model.native.building import KernelsUnavailable, load
from impasto.model.pictures.plane_kernels import SOURCES


def test_kernels_are_built_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(SOURCES, cache=tmp_path)
    (library,) = tmp_path.iterdir()
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no compiler
    load(SOURCES, cache=tmp_path)
    assert list(tmp_path.iterdir()) == [library]


def test_what_was_built_beforehand_and_is_damaged_is_built_anew_elsewhere(tmp_path: Path) -> None:
    load(SOURCES, cache=tmp_path / "built")
    (library,) = (tmp_path / "built").iterdir()
    library.write_bytes(library.read_bytes()[:-1])
    load(SOURCES, built=tmp_path / "built", cache=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [library.name]


@pytest.mark.parametrize("kept", [0, 100, 5000, -1], ids=["empty", "header", "half", "all but a byte"])
def test_a_damaged_library_is_built_anew(tmp_path: Path, kept: int) -> None:
    load(SOURCES, cache=tmp_path)
    (library,) = tmp_path.iterdir()
    whole = library.read_bytes()
    library.unlink()  # this process has the file itself mapped
    library.write_bytes(whole[:kept])
    load(SOURCES, cache=tmp_path)
    assert len(library.read_bytes()) == len(whole)


def test_a_whole_library_of_another_machine_is_built_anew(tmp_path: Path, compiler: Path) -> None:
    with pytest.raises(KernelsUnavailable):
        load(SOURCES, cache=tmp_path / "cache")
    compiler.unlink()
    load(SOURCES, cache=tmp_path / "cache")


def test_a_library_that_cannot_be_loaded_is_built_once_and_named_with_the_way_out(
    tmp_path: Path, compiler: Path
) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(KernelsUnavailable, match=rf"{cache}/kernels-\w+\.so cannot be .* loaded .*XDG_CACHE_HOME"):
        load(SOURCES, cache=cache)
    assert compiler.with_suffix(".calls").read_text() == "called\n"


def test_without_a_compiler_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KernelsUnavailable, match=r"no C\+\+ compiler"):
        load(SOURCES, cache=tmp_path)


def test_a_compiler_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(KernelsUnavailable, match="no space left"):
        load(SOURCES, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.skipif(platform.machine() != "x86_64", reason="others have no such units")
def test_a_compiler_that_knows_no_units_for_matrices_builds_for_a_machine_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, old = building.cpp_compiler(), tmp_path / "g++"
    old.write_text(f'#!/bin/sh\ncase "$*" in *-mamx*) echo no such option >&2; exit 1;; esac\nexec {own} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setattr(building, "cpp_compiler", lambda: str(old))
    loaded = []
    for units in ("AVX512_AMX", "AVX512_VNNI"):
        monkeypatch.setattr(building, "vector_units", lambda known=units: known)
        loaded.append(load(SOURCES, cache=tmp_path / "cache")._name)
    assert loaded[0] == loaded[1]


def test_a_folder_that_cannot_be_written_to_is_no_kernels(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KernelsUnavailable, match="file"):
        load(SOURCES, cache=tmp_path / "file" / "cache")
