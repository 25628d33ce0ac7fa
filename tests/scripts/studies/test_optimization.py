"""The study behind docs/optimization.md, on small pictures and the seeded loss network."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.optimization.config import Stop
from impasto.model.pictures import images
from impasto.scripts.studies import optimization as study_optimization
from impasto.scripts.studies.optimization import CHOICES, Choices, Equal, Speed
from tests.pictures import encoded, painting, photo

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def folder(tmp_path: Path, tiny_checkpoint: Checkpoint) -> Path:
    """A photo and a painting for each style."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "photo.png").write_bytes(encoded(photo(height=96, width=96)))
    for n, style in enumerate(tiny_checkpoint.styles.ids):
        (tmp_path / f"{style}.jpg").write_bytes(encoded(painting(n), "JPEG"))
    return tmp_path


def test_a_choice_is_a_row_of_pictures(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = {caption: replace(config, stop=Stop(steps=2)) for caption, config in CHOICES["pooling"].items()}
    monkeypatch.setitem(CHOICES, "pooling", short)
    photo, painting = folder / "photos" / "photo.png", folder / "great-wave.jpg"
    Choices(photo, painting, output=tmp_path / "out", size=64, only=("pooling",)).run()
    sheet = images.decode((tmp_path / "out" / "pooling.jpg").read_bytes())
    assert sheet.size[0] > 4 * 64


def test_iterations_are_counted_until_the_networks_loss(
    folder: Path, tiny_checkpoint_file: Path, tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    style = tiny_checkpoint.styles.ids[0]
    Equal(folder / "photos", folder, (style,), size=64, most=5, checkpoint=tiny_checkpoint_file, device="cpu").run()
    row = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(rf"\| photo +\| {style} +\| [\d,]+ +\| (> )?\d+ +\| (> )?\d+ +\| [\d,]+ +\|", row)


def test_speed_is_measured_with_memory_and_loss(folder: Path) -> None:
    speed = Speed(folder / "photos" / "photo.png", folder / "great-wave.jpg", size=64, steps=3)
    seconds, memory, loss = study_optimization._measure(speed, "float32")
    assert seconds > 0 and memory >= 0 and loss > 0


def test_every_choice_has_its_sheet_in_the_documentation() -> None:
    text = (DOCS / "optimization.md").read_text("utf-8")
    shown = re.findall(r"!\[\]\((images/optimization/[a-z-]+\.jpg)\)", text)
    assert {Path(path).stem for path in shown} == {*CHOICES, "methods", "texture", "reconstruction", "dream"}
    assert all((DOCS / path).is_file() for path in shown)
