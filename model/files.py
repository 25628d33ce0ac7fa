"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, or replace it: whoever reads it meanwhile sees the one before. Raises OSError."""
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write or replace files that belong together: none before there is room for all. Raises OSError."""
    parts = {path: path.with_name(path.name + ".part") for path in files}
    for path in files:
        if path.exists() and not path.is_file():  # what was /dev/null is never one again
            raise FileExistsError(errno.EEXIST, "Not a file that could be replaced", str(path))
    try:
        for path, part in parts.items():
            part.write_bytes(files[path])
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # which a full disk does not say
        for part in parts.values():  # it keeps nothing that nobody can use
            with suppress(OSError):
                part.unlink()
        raise
