"""The study behind docs/bulk.md, on a few photos."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.model.errors import ImpastoError
from impasto.scripts.bulk_painting import BROKEN
from impasto.scripts.studies import bulk


def test_bulk_is_killed_and_timed_and_what_is_lost_is_noticed(
    photos: Path,
    tmp_path: Path,
    tiny_checkpoint_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bulk, "SIDES", (48, 64))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    arguments = bulk.Arguments(
        photos, tmp_path, ("great-wave",), count=12, broken=2, ray=False, checkpoint=tiny_checkpoint_file, device="cpu"
    )
    bulk.run(arguments)
    told = capsys.readouterr().out
    assert "10 photos of 0.0 megapixels, and 2 broken ones" in told and "killed after" in told
    assert "in one process: painted 10 pictures" in told and "| the network alone |" in told
    _, good = bulk.make(arguments)
    (tmp_path / "killed" / BROKEN).write_bytes(b"")
    with pytest.raises(ImpastoError, match=BROKEN):
        bulk.check(tmp_path / "killed", good, arguments)
    (tmp_path / "in-one-process" / next(iter(good))).unlink()
    with pytest.raises(ImpastoError, match="has not what it should have"):
        bulk.check(tmp_path / "in-one-process", good, arguments)
