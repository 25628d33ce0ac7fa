"""Where a picture's features are kept, and what is given back."""

from __future__ import annotations

import os

import pytest
import torch

from impasto.model.painting import memory
from impasto.model.painting.memory import OutOfMemory, Store

CPU = torch.device("cpu")


def test_room_is_made_for_large_pictures_only(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(memory, "release_freed_memory", lambda: made.append("room"))
    monkeypatch.setattr(memory, "LARGE", 3 * 64 * 64)
    memory.make_room(torch.zeros(64, 64, 3, dtype=torch.uint8))
    assert not made
    memory.make_room(torch.zeros(64, 65, 3, dtype=torch.uint8))
    assert made == ["room"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("in_a_file", [False, True])
def test_what_is_put_into_windows_is_taken_from_others(
    dtype: torch.dtype, in_a_file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST_KEPT", 0 if in_a_file else 10**9)
    features = torch.randn(1, 5, 9, 11, generator=torch.Generator().manual_seed(0)).to(dtype)
    store = Store(9, 11, 5, dtype, CPU)
    assert (store._file is not None) == in_a_file
    for rows in (range(4), range(4, 9)):
        for columns in (range(3), range(3, 11)):
            store.put((rows, columns), features[..., rows.start : rows.stop, columns.start : columns.stop])
    assert torch.equal(store.take((range(9), range(11))), features)
    assert torch.equal(store.take((range(3, 6), range(1, 8))), features[..., 3:6, 1:8])


def test_a_file_ends_with_its_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_KEPT", 0)
    store = Store(4, 4, 2, torch.float32, CPU)
    file = store._file
    assert file is not None and os.fstat(file).st_size == 4 * 4 * 2 * 4
    del store
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file)


def test_a_disk_that_fails_is_said_as_memory_that_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(memory, "MOST_KEPT", 0)
    store, whole = Store(4, 4, 2, torch.float32, CPU), (range(4), range(4))
    monkeypatch.setattr("os.preadv", lambda *_: 3)
    with pytest.raises(OutOfMemory, match=r"cannot be read \(3 of 32 bytes\)"):
        store.take(whole)
    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(OutOfMemory, match=r"cannot be written \(No space left on device\).*TMPDIR"):
        store.put(whole, torch.zeros(1, 2, 4, 4))
    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OutOfMemory, match=r"a file of 0.0 MB.*cannot be had \(No space left on device\)"):
        Store(4, 4, 2, torch.float32, CPU)
