"""The command, run as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from impasto.scripts.paint import find_targets
from tests.pictures import encoded, opened, photo

ROOT = Path(__file__).parents[2]


def stylize(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/paint.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "one.jpg"
    path.write_bytes(encoded(photo(height=48, width=64), "JPEG"))
    return path


def test_a_photo_is_painted_in_a_blend(one: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    blend = ["--style", "starry-night=0.7", "great-wave=0.3"]
    result = stylize(one, *blend, "-o", tmp_path / "out.png", "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    painted = opened((tmp_path / "out.png").read_bytes())
    assert (painted.format, painted.size) == ("PNG", (64, 48))


def test_a_folder_is_painted_and_a_broken_photo_is_named(
    photos: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    output = tmp_path / "painted"
    result = stylize(photos, broken, "--style", "great-wave", "-o", output, "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 1
    assert "broken.jpg" in result.stderr and "1 of the photos" in result.stderr
    assert {path.name for path in output.iterdir()} == {path.name for path in photos.iterdir()}


def test_all_styles_come_on_one_sheet(one: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    result = stylize(one, "--all", "--size", "64", "-o", tmp_path / "sheet.png", "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    sheet = np.asarray(opened((tmp_path / "sheet.png").read_bytes()))
    assert sheet.shape[1] > 6 * 64


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--style", "starry-nigh"], "did you mean starry-night"),
        (["--style", "starry-night=0.5"], "sum to 0.5"),
        (["--style", "starry-night=many"], "not a number"),
        (["--style", "starry-night", "--all"], "either --style or --all"),
        ([], "either --style or --all"),
        (["--style", "starry-night", "--device", "cuda:99"], "cuda:99"),
        (["--style", "starry-night", "--strength", "2"], "strength"),
        (["--style", "starry-night", "-o", "out.bmp"], ".bmp"),
        (["--style", "starry-night", "--checkpoint", "none.safetensors"], "none.safetensors"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments_end_in_one_clear_line(
    one: Path, tmp_path: Path, tiny_checkpoint_file: Path, arguments: list[str], fault: str
) -> None:
    defaults = ["-o", str(tmp_path / "out.png")] if "-o" not in arguments else []
    checkpoint = ["--checkpoint", str(tiny_checkpoint_file)] if "--checkpoint" not in arguments else []
    result = stylize(one, *arguments, *defaults, *checkpoint)
    assert result.returncode == 1
    assert fault in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.png").exists()


def test_nothing_is_overwritten_by_accident(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "photo.jpg", tmp_path / "b" / "photo.jpg"
    with pytest.raises(ValueError, match="same name"):
        find_targets([first, second], tmp_path / "out")
    with pytest.raises(ValueError, match="overwrite a photo"):
        find_targets([tmp_path / "x.jpg", tmp_path / "y.jpg"], tmp_path)
