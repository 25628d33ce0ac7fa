"""What is measured of photorealistic pictures, where the answer is known; and the whole study, small."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.model.pictures.picture import Picture
from impasto.scripts.studies import photorealism
from impasto.scripts.studies.photorealism import References, Seconds, Styles, color_distance, edge_likeness
from tests.pictures import encoded, opened, photo

ONE, OTHER = (Picture(torch.from_numpy(photo(seed, height=120, width=160))).rgb for seed in (0, 1))


def test_edges_are_alike_where_they_are_at_the_same_places() -> None:
    assert edge_likeness(ONE, ONE) == pytest.approx(1)
    assert edge_likeness(ONE, 0.2 + 0.5 * ONE) > 0.9
    assert edge_likeness(ONE, ONE.roll(3, 2)) < 0.8
    assert edge_likeness(ONE, OTHER) < 0.6


def test_colours_are_compared_wherever_they_are() -> None:
    assert color_distance(ONE, ONE.flip(1)) < 0.01 * color_distance(ONE, OTHER)
    assert color_distance(ONE, ONE.lerp(OTHER, 0.0)) == 0


def test_each_part_prints_its_table_and_writes_its_sheet(
    tmp_path: Path, tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = tmp_path / "one.png", tmp_path / "other.png"
    for seed, file in enumerate(files):
        file.write_bytes(encoded(photo(seed, height=60, width=80)))
    monkeypatch.setattr(photorealism, "LARGE", (160, 120))
    sheets = tmp_path / "sheet.jpg", tmp_path / "styles.jpg"
    References(files, 64, sheets[0]).run()
    Styles(files, ("great-wave",), 64, sheets[1], tiny_checkpoint_file, "cpu").run()
    Seconds(*files).run()
    told = capsys.readouterr().out
    assert "one, other" in told and "great-wave" in told and "160 × 120 pixels" in told
    assert all(opened(sheet.read_bytes()).width > 160 for sheet in sheets)
