"""Where the commands get a network and its styles from."""

from __future__ import annotations

from pathlib import Path

from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import Precision
from impasto.model.painting.stylizer import Stylizer


def load(path: Path, *, device: str = "auto", precision: Precision = "auto") -> tuple[Checkpoint, Stylizer]:
    """A checkpoint, and what paints with its network. Raises FileNotFoundError, CheckpointError, DeviceUnavailable."""
    source = checkpoint.load(path)
    return source, Stylizer.of(source, device=device, precision=precision)
