"""The studies of load, in short: what must hold on any machine holds, and what was found is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from impasto.scripts.studies import load
from impasto.scripts.studies.load import Arguments, Part, is_true
from impasto.scripts.studies.service import Service
from tests.app.test_server import started


def found(
    part: Part, checkpoint: Path, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, str]:
    """What a part of the study prints, by what it is."""

    @contextmanager
    def serving(checkpoint: Path, **settings: Any) -> Iterator[Service]:
        with started(checkpoint, data_dir=folder, **settings) as (url, pid):
            yield Service(url, psutil.Process(pid))

    patch.setattr(load, "serving", serving)
    patch.setattr(load, "UPLOADED", (1500, 2000))
    patch.setattr(load, "ADDED_EVERY", 1.0)
    patch.setattr(load, "SIZES", 40)  # of which all have come long before the second half
    arguments = Arguments(
        (part,),
        overload_seconds=1,
        uploads=20,
        pictures=400,
        soak_seconds=4,
        side=512,
        checkpoint=checkpoint,
        device="cpu",
    )
    with pytest.raises(SystemExit):
        load.main(arguments)
    return dict(re.findall(r"^\| (.*?) +\| (.*?) +\|$", capsys.readouterr().out, re.MULTILINE))


def test_of_ten_times_what_can_be_done_some_is_painted_and_all_else_refused(
    tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = found("overload", tiny_checkpoint_file, tmp_path, monkeypatch, capsys)
    asked, painted, refused = (
        int(told[name].split()[0].strip(",")) for name in ("asked for", "painted", "refused with 429")
    )
    assert told["answered otherwise"] == "none" and painted > 0 and painted + refused == asked


def test_of_many_large_uploads_at_once_each_is_painted_or_refused(
    tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = found("uploads", tiny_checkpoint_file, tmp_path, monkeypatch, capsys)
    assert {part.split(" × ")[1] for part in told["answered"].split(", ")} <= {"200", "429"}


def test_memory_does_not_grow_with_every_picture(
    tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = found("pictures", tiny_checkpoint_file, tmp_path, monkeypatch, capsys)
    slope = int(told["slope of the second half"].split()[0])
    assert told["not painted"] == "none" and slope < 100_000  # a picture that stays has more


def test_for_seconds_every_picture_is_what_it_should_be_while_styles_are_added(
    tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = found("soak", tiny_checkpoint_file, tmp_path, monkeypatch, capsys)
    assert int(told["styles added"]) >= 3
    assert int(told["largest difference from the picture painted alone"].split()[0]) <= 3
    assert {part.split(" × ")[1] for part in told["answered"].split(", ")} <= {"200", "429"}


@pytest.mark.parametrize(
    ("told", "waited", "true"), [(8, 6.0, True), (8, 3.9, False), (8, 12.1, False), (1, 0.1, True)]
)
def test_what_was_told_is_true_within_half_of_it_or_a_second(told: int, waited: float, true: bool) -> None:
    assert is_true(told, waited) == true
