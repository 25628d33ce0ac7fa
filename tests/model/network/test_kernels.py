"""Where the kernels come from, and what happens where they cannot be had."""

from __future__ import annotations

import logging
import os
import platform
import shutil
from pathlib import Path

import pytest
import torch

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import NetworkConfig
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import VECTORS, Kernels, KernelsUnavailable, build
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.stylizer import Stylizer
from tests.pictures import decibels


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler whose libraries cannot be loaded, as on a mount from which nothing may be run."""
    path = tmp_path / "bin" / "g++"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\necho called >>"$0.calls"\nfor output; do :; done\necho no library >"$output"\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    return path


def test_kernels_are_built_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Kernels([4, 4, 6], cache=tmp_path)
    (library,) = tmp_path.iterdir()
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no compiler
    Kernels([6, 4], cache=tmp_path)
    assert list(tmp_path.iterdir()) == [library]


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_either_compiler_builds_them(compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    monkeypatch.setattr("impasto.model.network.kernels.cpp_compiler", lambda: compiler)
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(residual_blocks=1)).requires_grad_(False)
    fast, photo, style = FastNetwork(network), torch.rand(1, 3, 64, 64), network.identity_style()[None]
    fast.operations = Kernels((norm.channels for norm in network.norms), cache=tmp_path)
    assert decibels(fast(photo, style), network(photo, style)) > 50


def test_kernels_of_other_channels_are_other_kernels(tmp_path: Path) -> None:
    Kernels([4], cache=tmp_path)
    Kernels([6], cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(platform.machine() != "x86_64", reason="others have one instruction set")
def test_a_machine_without_a_compiler_or_a_cache_takes_the_kernels_built_for_its_instruction_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build([6, 4, 4], tmp_path / "built")
    monkeypatch.setenv("PATH", str(tmp_path))
    loaded = []
    for capability in (*VECTORS, "DEFAULT"):
        monkeypatch.setattr("impasto.model.network.kernels.vector_units", lambda known=capability: known)
        kernels = Kernels([4, 6], built=tmp_path / "built", cache=Path(os.devnull, "cache"))
        loaded.append(Path(kernels._library._name))
    assert loaded == built and len(set(built)) == 5


def test_what_was_built_beforehand_and_is_damaged_is_built_anew_elsewhere(tmp_path: Path) -> None:
    Kernels([4], cache=tmp_path / "built")
    (library,) = (tmp_path / "built").iterdir()
    library.write_bytes(library.read_bytes()[:-1])
    Kernels([4], built=tmp_path / "built", cache=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [library.name]


@pytest.mark.parametrize("kept", [0, 100, 5000, -1], ids=["empty", "header", "half", "all but a byte"])
def test_a_damaged_library_is_built_anew(tmp_path: Path, kept: int) -> None:
    Kernels([4], cache=tmp_path)
    (library,) = tmp_path.iterdir()
    whole = library.read_bytes()
    library.unlink()  # this process has the file itself mapped
    library.write_bytes(whole[:kept])
    Kernels([4], cache=tmp_path)
    assert len(library.read_bytes()) == len(whole)


def test_a_whole_library_of_another_machine_is_built_anew(tmp_path: Path, compiler: Path) -> None:
    with pytest.raises(KernelsUnavailable):
        Kernels([4], cache=tmp_path / "cache")
    compiler.unlink()
    Kernels([4], cache=tmp_path / "cache")


def test_a_library_that_cannot_be_loaded_is_built_once_and_named_with_the_way_out(
    tmp_path: Path, compiler: Path
) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(KernelsUnavailable, match=rf"{cache}/kernels-\w+\.so cannot be .* loaded .*XDG_CACHE_HOME"):
        Kernels([4], cache=cache)
    assert compiler.with_suffix(".calls").read_text() == "called\n"


def test_without_a_compiler_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KernelsUnavailable, match=r"no C\+\+ compiler"):
        Kernels([4], cache=tmp_path)


def test_a_compiler_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(KernelsUnavailable, match="no space left"):
        Kernels([4], cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_folder_that_cannot_be_written_to_is_no_kernels(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KernelsUnavailable, match="file"):
        Kernels([4], cache=tmp_path / "file" / "cache")


def test_a_stylizer_without_kernels_says_so_once_and_paints_the_same(
    tiny_checkpoint: Checkpoint,
    tmp_path: Path,
    compiler: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    photo, vector = torch.rand(1, 3, 40, 40), tiny_checkpoint.styles.vectors[:1]
    expected = tiny_checkpoint.network(photo, vector)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with caplog.at_level(logging.WARNING):
        painted = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32").paint(photo, vector)
    (line,) = caplog.messages
    assert f"{tmp_path}/impasto/kernels-" in line and "XDG_CACHE_HOME" in line
    torch.testing.assert_close(painted, expected, rtol=0, atol=1e-5)
