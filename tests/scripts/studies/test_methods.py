"""The study of methods, on small pictures and the seeded loss network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.pictures import images
from impasto.scripts.studies.methods import Arguments, main
from tests.pictures import encoded, painting, photo


def test_pictures_are_made_once_and_shown_beside_one_another(
    tmp_path: Path, tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "meadow.png").write_bytes(encoded(photo(height=96, width=96)))
    styles = tuple(tiny_checkpoint.styles.ids[:2])
    for style in styles:
        (tmp_path / f"{style}.jpg").write_bytes(encoded(painting(), "JPEG"))

    def run(at_most: int | None) -> str:
        main(
            Arguments(
                tmp_path, tmp_path / "out", tmp_path / "photos", styles, ("neighbors",), size=64, steps=1,
                at_most=at_most, checkpoint=tiny_checkpoint_file, device="cpu",
            )
        )  # fmt: skip
        return capsys.readouterr().out

    assert run(1) == ""
    kept = tmp_path / "out" / "seconds.json"
    assert list(json.loads(kept.read_text())) == [f"{styles[0]} network"]
    kept.write_text(json.dumps({f"{styles[0]} network": 12.5}))
    *_, first, second = run(None).splitlines()
    assert re.fullmatch(rf"\| meadow +\| {styles[0]} +\| 12.5 +\| [\d.e-]+ +\|", first)
    assert re.fullmatch(rf"\| meadow +\| {styles[1]} +\| [\d.e-]+ +\| [\d.e-]+ +\|", second)
    assert images.decode((tmp_path / "out" / "methods.jpg").read_bytes()).size[0] > 4 * 176
