"""Where the kernels come from, and what happens where they cannot be had."""

from __future__ import annotations

import logging
import os
import platform
import shutil
from pathlib import Path

import pytest
import torch

from impasto.model.native.building import VECTORS
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import NetworkConfig
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels, build
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.stylizer import Stylizer
from tests.pictures import decibels


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_either_compiler_builds_them(compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    monkeypatch.setattr("impasto.model.native.building.cpp_compiler", lambda: compiler)
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
        monkeypatch.setattr("impasto.model.native.building.vector_units", lambda known=capability: known)
        kernels = Kernels([4, 6], built=tmp_path / "built", cache=Path(os.devnull, "cache"))
        loaded.append(Path(kernels._library._name))
    assert loaded == built and len(set(built)) == len(VECTORS) + 1


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
