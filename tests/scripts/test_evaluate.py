from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.pictures import encoded, painting

ROOT = Path(__file__).parents[2]


def evaluate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/evaluate.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_table_has_a_row_for_every_style(photos: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    for seed, style in enumerate(("great-wave", "starry-night", "the-scream")):
        (tmp_path / f"{style}.png").write_bytes(encoded(painting(seed)))
    result = evaluate("--styles", tmp_path, "--content", photos, "--checkpoint", tiny_checkpoint_file, "--size", "32")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Photos: 1, centre crops of 32 × 32 pixels")
    assert [line.split(" | ")[0] for line in result.stdout.splitlines()[4:8]] == [
        "| great-wave",
        "| starry-night",
        "| the-scream",
        "| **all**",
    ]


def test_photos_it_was_trained_on_are_never_taken_unasked(
    photos: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    for seed, style in enumerate(("great-wave", "starry-night", "the-scream")):
        (tmp_path / f"{style}.png").write_bytes(encoded(painting(seed)))
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "new.jpg").write_bytes((photos / "photo-1.jpg").read_bytes())
    common = [f"--styles={tmp_path}", f"--content={tmp_path / 'content'}", f"--checkpoint={tiny_checkpoint_file}"]
    result = evaluate(*common, "--size=32")
    assert result.returncode == 1 and "--all-photos" in result.stderr
    assert "Photos: 1," in evaluate(*common, "--size=32", "--all-photos").stdout


def test_a_painting_that_is_not_there_is_named(photos: Path, paintings: Path, tiny_checkpoint_file: Path) -> None:
    result = evaluate("--styles", paintings, "--content", photos, "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 1
    assert "no painting for great-wave, starry-night, the-scream" in result.stderr
