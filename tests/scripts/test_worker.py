from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["impasto worker", "impasto.app.jobs.worker"])
def test_a_worker_that_cannot_reach_its_database_ends_with_one_line(command: str, tiny_checkpoint_file: Path) -> None:
    settings = {
        "IMPASTO_CHECKPOINT": str(tiny_checkpoint_file),
        "IMPASTO_DEVICE": "cpu",
        "IMPASTO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", *command.split()],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,  # its end is the end of the worker of a service
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.wait(300) == 1
    assert worker.stdin and worker.stderr
    (line,) = worker.stderr.read().splitlines()
    assert ": the database cannot be used: " in line and "127.0.0.1" in line
    worker.stdin.close()
    worker.stderr.close()
