"""The folder of a run: what it leaves behind, and what it goes on from after an interruption."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image


class RunFolder:
    """The files of a run; the folder is made if it is not there. Only one process may write them."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.checkpoint = path / "checkpoint.safetensors"
        self.predictor = path / "predictor.safetensors"
        self.bank = path / "bank.safetensors"
        self.photos = path / "photos.json"
        self._state = path / "state.pt"
        self._metrics = path / "metrics.jsonl"
        self._previews = path / "previews"

    def state(self, device: torch.device) -> dict[str, Any] | None:
        """The state that was kept last, on a device; None before the first."""
        if not self._state.exists():
            return None
        state: dict[str, Any] = torch.load(self._state, map_location=device, weights_only=True)
        return state

    def keep_state(self, state: Mapping[str, Any]) -> None:
        """Replace the state, so that a kill leaves either the last one or this one."""
        unfinished = self._state.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self._state)

    def add_metrics(self, line: Mapping[str, Any]) -> None:
        """Append a line to metrics.jsonl."""
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def forget_metrics_after(self, step: int) -> None:
        """Drop the lines of later steps, which a resumed run measures anew."""
        if not self._metrics.exists():
            return
        lines = self._metrics.read_text("utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]  # all but one that a kill cut short
        self._metrics.write_text("".join(line for line in whole if json.loads(line)["step"] <= step), "utf-8")

    def add_preview(self, step: int, picture: Image.Image) -> None:
        """Write a picture of what is painted at a step."""
        self._previews.mkdir(exist_ok=True)
        picture.save(self._previews / f"step-{step:06d}.jpg", quality=90)
