"""A film in pieces of some frames, each of which stays when the process ends, and the file that is made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from impasto.model.video.clip import Frame

TIMES = "times.json"


class Pieces(Protocol):
    """How the frames of a piece are kept, and how all pieces become a file."""

    def write(self, folder: Path, frames: Iterator[Frame]) -> None:
        """Keep the frames of a piece in its folder. Raises OSError."""

    def join(self, folders: Sequence[Path], output: Path) -> None:
        """Make the file. Raises OSError."""


def write_times(folder: Path, times: Sequence[int]) -> None:
    """Keep when the frames of a piece are shown."""
    (folder / TIMES).write_text(json.dumps(times))


def read_times(folder: Path) -> list[int]:
    """When the frames of a piece are shown."""
    times: list[int] = json.loads((folder / TIMES).read_text())
    return times
