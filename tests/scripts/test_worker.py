from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT, command


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


def test_the_worker_of_a_service_says_it_too(tiny_checkpoint_file: Path) -> None:
    settings = {
        "IMPASTO_CHECKPOINT": str(tiny_checkpoint_file),
        "IMPASTO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    command = [sys.executable, "-m", "impasto.app.jobs.worker"]
    pipe = subprocess.PIPE  # of standard input: its end is the end of the service
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdin=pipe, stderr=pipe) as worker:
        assert worker.wait(300) == 1 and worker.stderr
        (line,) = worker.stderr.read().decode().splitlines()
    assert line.startswith("worker: the database cannot be used: ")
