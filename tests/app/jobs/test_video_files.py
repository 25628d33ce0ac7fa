"""Films on disk: kept, and removed when nobody needs them."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

import pytest

from impasto.app.jobs.jobs import State
from impasto.app.jobs.video_files import GRACE, VideoFiles
from impasto.model.errors import DiskFull


@pytest.fixture
def files(tmp_path: Path) -> VideoFiles:
    return VideoFiles(tmp_path / "videos")


def test_a_film_is_kept_as_it_was_sent(files: VideoFiles) -> None:
    data = bytes(range(256)) * 10_000
    assert files.receive("job", io.BytesIO(data)) == sha256(data).hexdigest()
    assert files.film("job").read_bytes() == data
    files.remove("job")
    assert not files.film("job").parent.exists()


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_by_its_name(files: VideoFiles, fault: int) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(fault, os.strerror(fault))

    with pytest.raises(DiskFull, match="no room for so large a film"):
        files.receive("job", Full())


def test_what_nobody_needs_is_removed_after_a_while_and_the_newest_paintings_stay(files: VideoFiles) -> None:
    known: dict[str, State] = {
        "waiting": "queued",
        "running": "running",
        "failed": "failed",
        "cancelled": "cancelled",
        **{f"painted {number}": "succeeded" for number in range(4)},
    }
    long_ago = time.time() - GRACE - 60
    for number, name in enumerate([*known, "forgotten"]):
        files.receive(name, io.BytesIO(b"film"))
        os.utime(files.film(name).parent, (long_ago + number, long_ago + number))
    files.receive("just sent", io.BytesIO(b"film"))

    def states(job_ids: Collection[str]) -> dict[str, State]:
        return {job_id: known[job_id] for job_id in job_ids if job_id in known}

    files.sweep(states, kept=2)
    there = sorted(path.name for path in files.film("any").parents[1].iterdir())
    assert there == ["just sent", "painted 2", "painted 3", "running", "waiting"]


def test_nothing_is_asked_where_there_are_no_films(files: VideoFiles) -> None:
    def states(_: Collection[str]) -> dict[str, State]:
        raise AssertionError

    files.sweep(states, kept=2)
