from __future__ import annotations

from pathlib import Path

from tests.processes import command


def test_a_worker_that_cannot_reach_its_database_ends_with_one_line(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    settings = {
        "checkpoint": tiny_checkpoint_file,
        "device": "cpu",
        "database_url": "postgresql://nobody@127.0.0.1:1/none",
    }
    errors = tmp_path / "errors"
    assert command("worker", settings=settings, errors=errors).wait() == 1
    (line,) = errors.read_text("utf-8").splitlines()
    assert ": the database cannot be used: " in line and "127.0.0.1" in line
