from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from impasto.model.files import write_together, write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"before")
    write_whole(tmp_path / "file", b"after")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"after")]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"before")
    (tmp_path / "file.part").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "file", b"after")
    assert (tmp_path / "file").read_bytes() == b"before"


def test_a_full_disk_keeps_no_half_of_a_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"before")
    soft, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, most))
    try:
        with pytest.raises(OSError, match=f"too large: '{tmp_path / 'file'}'"):
            write_whole(tmp_path / "file", bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, most))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"before")]


def test_files_that_belong_together_are_replaced_together_or_not_at_all(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_together({one: b"before", other: b"before"})
    (tmp_path / "other.part").mkdir()
    with pytest.raises(IsADirectoryError):
        write_together({one: b"after", other: b"after"})
    assert one.read_bytes() == other.read_bytes() == b"before"
    assert not (tmp_path / "one.part").exists()


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "device")
    with pytest.raises(FileExistsError, match=f"Not a file that could be replaced: '{tmp_path / 'device'}'"):
        write_whole(tmp_path / "device", b"painting")
    assert (tmp_path / "device").is_fifo()
    assert len([*tmp_path.iterdir()]) == 1
