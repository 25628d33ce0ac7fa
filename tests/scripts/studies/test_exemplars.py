"""The study behind docs/textures.md, on small pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from impasto.scripts.studies.exemplars import Seconds, Sheets
from tests.pictures import encoded, opened, painting, photo

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two exemplars and a photo."""
    names = [tmp_path / f"{name}.png" for name in ("one", "two", "photo")]
    for path, pixels in zip(names, (painting(0), painting(1), photo(height=80, width=90)), strict=True):
        path.write_bytes(encoded(pixels))
    return names


def test_there_is_a_sheet_for_textures_transfer_and_analogies(files: list[Path], tmp_path: Path) -> None:
    Sheets((files[0], files[1]), files[2], tmp_path / "out", size=64).run()
    sheets = {path.stem: opened(path.read_bytes()) for path in (tmp_path / "out").iterdir()}
    assert sheets.keys() == {"textures", "transfer", "analogies"}
    assert sheets["textures"].height > 2 * 64 and sheets["analogies"].width > 7 * 64


def test_every_method_is_timed(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    Seconds(files[0], files[2], times=1, scale=0.15).run()
    told = capsys.readouterr().out
    assert all(re.search(rf"{name}, .*: \d+\.\d\d", told) for name in ("quilting", "transfer", "sampling", "analogies"))


def test_the_sheets_are_in_the_documentation() -> None:
    text = (DOCS / "textures.md").read_text("utf-8")
    shown = re.findall(r"!\[\]\((images/textures/[a-z-]+\.jpg)\)", text)
    assert {Path(path).stem for path in shown} == {"textures", "transfer", "analogies"}
    assert all((DOCS / path).is_file() for path in shown)
