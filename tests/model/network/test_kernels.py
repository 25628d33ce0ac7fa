"""Where the kernels come from, and what happens where they cannot be had."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.kernels import Kernels, KernelsUnavailable
from impasto.model.painting.stylizer import Stylizer


def test_kernels_are_built_once_and_then_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Kernels([4, 4, 6], cache=tmp_path)
    (library,) = tmp_path.iterdir()
    monkeypatch.setenv("PATH", str(tmp_path))  # where there is no compiler
    Kernels([6, 4], cache=tmp_path)
    assert list(tmp_path.iterdir()) == [library]


def test_kernels_of_other_channels_are_other_kernels(tmp_path: Path) -> None:
    Kernels([4], cache=tmp_path)
    Kernels([6], cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


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
    tiny_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    photo, vector = torch.rand(1, 3, 40, 40), tiny_checkpoint.styles.vectors[:1]
    expected = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32").paint(photo, vector)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with caplog.at_level(logging.WARNING):
        painted = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32").paint(photo, vector)
    (line,) = caplog.messages
    assert "no C++ compiler" in line
    torch.testing.assert_close(painted, expected, rtol=0, atol=1e-5)
