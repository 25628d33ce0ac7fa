from __future__ import annotations

from pathlib import Path

from impasto.model.network import checkpoint
from tests.commands import Result, impasto

TINY = [
    *("--crop", "32", "--painted-over", "0", "--batch", "2", "--steps", "2", "--held-out", "1", "--workers", "0"),
    *("--network.widths", "4", "6", "8", "--network.residual-blocks", "1"),
]


def train(*arguments: str | Path) -> Result:
    return impasto("train", *TINY, *arguments)


def test_the_command_writes_a_checkpoint_and_prints_its_path(photos: Path, paintings: Path, tmp_path: Path) -> None:
    result = train("--styles", paintings, "--content", photos, "--output", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    written = checkpoint.load(Path(result.stdout.strip()))
    assert written.styles.ids == ("style-0", "style-1")
    assert written.training.steps == 2


def test_a_folder_without_a_photo_ends_in_one_clear_line(paintings: Path, tmp_path: Path) -> None:
    result = train("--styles", paintings, "--content", tmp_path, "--output", tmp_path / "run")
    assert result.returncode == 1
    assert f"there is no picture in {tmp_path}" in result.stderr
    assert "Traceback" not in result.stderr
