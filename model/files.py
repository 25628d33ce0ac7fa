"""Files that appear whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, or replace it: whoever reads it meanwhile sees the one before. Raises OSError."""
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError:  # a full disk keeps nothing that nobody can use
        with suppress(OSError):
            unfinished.unlink()
        raise
