"""A photo of pieces of a cloth, as a command makes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.commands import impasto
from tests.pictures import encoded, opened, painting, photo


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo and a cloth."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "photo.jpg").write_bytes(encoded(photo(height=48, width=64), "JPEG"))
    (folder / "cloth.png").write_bytes(encoded(painting(1, height=32, width=40)))
    return folder


def test_a_photo_is_made_of_the_cloths_pixels(files: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.png"
    chosen = ["--texture", files / "cloth.png", "--block", 9, "--passes", 2, "--size", 40, "-o", output]
    result = impasto("transfer", files / "photo.jpg", *chosen)
    assert result.returncode == 0, result.stderr
    made = opened(output.read_bytes())
    assert made.size == (40, 30)
    own = {tuple(color) for color in painting(1, height=32, width=40).reshape(-1, 3).tolist()}
    assert {tuple(color) for color in np.array(made).reshape(-1, 3).tolist()} <= own


def test_a_cloth_smaller_than_its_pieces_is_refused(files: Path, tmp_path: Path) -> None:
    chosen = ["--texture", files / "cloth.png", "--block", 36, "-o", tmp_path / "out.png"]
    result = impasto("transfer", files / "photo.jpg", *chosen)
    assert result.returncode == 1 and "40 × 32 pixels, fewer than the 36 × 36" in result.stderr
