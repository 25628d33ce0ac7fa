"""What tests of several rooms of the model share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler whose libraries cannot be loaded, as on a mount from which nothing may be run."""
    path = tmp_path / "bin" / "g++"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\necho called >>"$0.calls"\nfor output; do :; done\necho no library >"$output"\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    return path
