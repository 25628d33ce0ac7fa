"""Textures of a picture's own pixels, as a command makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import impasto
from tests.pictures import encoded, opened, painting, photo


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a painting, one with transparency, and one that is hardly there."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "painting.png").write_bytes(encoded(painting(height=40, width=48)))
    cut_out = Image.fromarray(photo(height=40, width=40)).convert("RGBA")
    cut_out.paste((0, 255, 0, 0), (0, 0, 40, 5))
    cut_out.putpixel((20, 20), (1, 2, 3, 128))
    (folder / "cut-out.png").write_bytes(encoded(cut_out))
    (folder / "narrow.png").write_bytes(encoded(painting(height=40, width=6)))
    return folder


OPTIONS = {
    "quilting": ["--quilting.block", 12],
    "sampling": ["--sampling.window", 5],
    "coherence": ["--coherence.passes", 1],
}
SIZE = ["--width", 33, "--height", 21]


@pytest.mark.parametrize("method", OPTIONS)
def test_a_texture_is_made_of_the_paintings_pixels(files: Path, tmp_path: Path, method: str) -> None:
    output = tmp_path / "texture.png"
    chosen = ["--method", method, *OPTIONS[method], *SIZE]
    result = impasto("texture", files / "painting.png", *chosen, "-o", output)
    assert result.returncode == 0, result.stderr
    made = opened(output.read_bytes())
    assert made.size == (33, 21)
    own = {tuple(color) for color in painting(height=40, width=48).reshape(-1, 3).tolist()}
    assert {tuple(color) for color in np.array(made).reshape(-1, 3).tolist()} <= own


def test_another_seed_is_another_texture(files: Path, tmp_path: Path) -> None:
    for seed in (0, 1, 1):
        chosen = ["--method", "quilting", "--quilting.block", 8, "--seed", seed, *SIZE]
        impasto("texture", files / "painting.png", *chosen, "-o", tmp_path / f"{seed}.png")
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()


def test_what_is_fully_transparent_is_left_out_and_the_rest_keeps_its_transparency(files: Path, tmp_path: Path) -> None:
    output = tmp_path / "texture.png"
    chosen = ["--method", "quilting", "--quilting.block", 12, "--width", 80, "--height", 80]
    assert impasto("texture", files / "cut-out.png", *chosen, "-o", output).returncode == 0
    alpha = np.array(opened(output.read_bytes()))[..., 3]
    assert set(alpha.flatten().tolist()) <= {128, 255} and (alpha == 255).any()


@pytest.mark.parametrize(
    ("name", "options", "fault"),
    [
        ("narrow.png", ["--method", "quilting"], "6 × 40 pixels, fewer than the 36 × 36"),
        ("narrow.png", ["--method", "sampling"], "6 × 40 pixels, fewer than the 11 × 11"),
        ("painting.png", ["--method", "quilting", "--width", 0], "0 × 512 pixels cannot be made"),
        ("painting.png", ["--method", "coherence", "--width", 1000000], "1000000 × 512 pixels cannot be made"),
        ("painting.png", ["--method", "sampling", "--sampling.window", 4], "odd number"),
        ("missing.png", ["--method", "quilting"], "No such file"),
    ],
)
def test_what_cannot_be_made_is_one_line_that_says_why(
    files: Path, tmp_path: Path, name: str, options: list[object], fault: str
) -> None:
    result = impasto("texture", files / name, *options, "-o", tmp_path / "out.png")
    assert result.returncode != 0
    assert fault in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.png").exists()
