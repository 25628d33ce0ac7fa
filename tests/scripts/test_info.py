"""What a report of a fault needs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.model.network.checkpoint import Checkpoint
from impasto.scripts.info import Arguments, run


def test_versions_device_and_network_are_told(
    tiny_checkpoint: Checkpoint,
    tiny_checkpoint_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("IMPASTO_CHECKPOINT", str(tiny_checkpoint_file))
    monkeypatch.setenv("IMPASTO_DEVICE", "cpu")
    run(Arguments())
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert {"impasto", "python", "system", "torch", "torchvision", "device", "precision", "kernels"} <= set(told)
    assert told["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert told["network"].startswith(tiny_checkpoint.network_id)
