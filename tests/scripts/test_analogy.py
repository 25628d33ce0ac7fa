"""A is to A′ as B is to what, as a command answers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.commands import impasto
from tests.pictures import encoded, opened, photo


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo, its negative, another photo, and one of another size."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "a.png").write_bytes(encoded(photo(height=24, width=32)))
    (folder / "a-prime.png").write_bytes(encoded(255 - photo(height=24, width=32)))
    (folder / "b.png").write_bytes(encoded(photo(1, height=20, width=28)))
    (folder / "other.png").write_bytes(encoded(photo(height=30, width=30)))
    return folder


def test_the_answer_is_made_of_the_pixels_of_a_prime(files: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.png"
    result = impasto("analogy", *(files / f"{name}.png" for name in ("a", "a-prime", "b")), "-o", output)
    assert result.returncode == 0, result.stderr
    made = opened(output.read_bytes())
    assert made.size == (28, 20)
    own = {tuple(color) for color in (255 - photo(height=24, width=32)).reshape(-1, 3).tolist()}
    assert {tuple(color) for color in np.array(made).reshape(-1, 3).tolist()} <= own


def test_the_answer_can_keep_the_colors_of_b(files: Path, tmp_path: Path) -> None:
    names = [files / f"{name}.png" for name in ("a", "a", "b")]
    chosen = ["--keep-color", "--kappa", 0, "--compare", "color"]
    assert impasto("analogy", *names, *chosen, "-o", tmp_path / "out.png").returncode == 0
    made, b = np.array(opened((tmp_path / "out.png").read_bytes())).astype(int), photo(1, height=20, width=28)
    hues = [each[..., 0] - each[..., 2] for each in (made, b.astype(int))]
    assert np.corrcoef(hues[0].flatten(), hues[1].flatten())[0, 1] > 0.9


def test_a_and_a_prime_of_different_shapes_are_refused(files: Path, tmp_path: Path) -> None:
    names = [files / f"{name}.png" for name in ("a", "other", "b")]
    result = impasto("analogy", *names, "-o", tmp_path / "out.png")
    assert result.returncode == 1
    assert "A has 32 × 24 pixels and A′ 30 × 30" in result.stderr and not (tmp_path / "out.png").exists()
