"""The commands that make pictures by optimisation, on small pictures and the seeded loss network."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.commands import impasto
from tests.pictures import encoded, opened, painting, photo


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo and two paintings."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "photo.png").write_bytes(encoded(photo(height=96, width=128)))
    for n in (1, 2):
        (folder / f"painting-{n}.png").write_bytes(encoded(painting(n, height=160, width=160)))
    (folder / "flat.png").write_bytes(encoded(Image.new("RGB", (200, 200), "red")))
    (folder / "text.png").write_text("no picture")
    return folder


def test_a_photo_is_painted_like_two_paintings_and_shown_on_the_way(files: Path, tmp_path: Path) -> None:
    paintings = [files / "painting-1.png", files / "painting-2.png"]
    output = tmp_path / "new" / "out.png"
    options = ["--share", 0.3, 0.7, "--size", 64, "--steps", 6, "--every", 3, "--preserve-color", "-o", output]
    result = impasto("optimize", files / "photo.png", "--style", *paintings, *options)
    assert result.returncode == 0, result.stderr
    assert opened(output.read_bytes()).size == (64, 48)
    assert sorted(path.name for path in output.parent.iterdir()) == ["out.00003.png", "out.00006.png", "out.png"]
    assert "content" in result.stdout and "style" in result.stdout


@pytest.mark.parametrize(("method", "loss"), [("mrf", "patches"), ("neighbors", "neighbors")])
def test_a_photo_is_painted_by_the_method_asked_for(files: Path, tmp_path: Path, method: str, loss: str) -> None:
    output = tmp_path / "out.png"
    options = ["--method", method, "--size", 64, "--steps", 2, "-o", output]
    result = impasto("optimize", files / "photo.png", "--style", files / "painting-1.png", *options)
    assert result.returncode == 0, result.stderr
    assert opened(output.read_bytes()).size == (64, 48)
    assert loss in result.stdout and "style" not in result.stdout


def test_a_texture_has_the_size_that_was_asked_for(files: Path, tmp_path: Path) -> None:
    output = tmp_path / "texture.jpg"
    size = ["--width", 96, "--height", 64, "--painting-size", 96]
    result = impasto("texture", files / "painting-1.png", *size, "--steps", 5, "-o", output)
    assert result.returncode == 0, result.stderr
    assert opened(output.read_bytes()).size == (96, 64)


def test_a_dream_has_the_photos_shape(files: Path, tmp_path: Path) -> None:
    output = tmp_path / "dream.webp"
    options = ["--size", 96, "--layer", "relu3_1", "--octaves", 2, "--steps", 2]
    result = impasto("dream", files / "photo.png", *options, "-o", output)
    assert result.returncode == 0, result.stderr
    assert opened(output.read_bytes()).size == (96, 72)


def test_reconstructions_are_one_sheet(files: Path, tmp_path: Path) -> None:
    output = tmp_path / "sheet.png"
    options = ["--layers", "relu1_1", "relu2_1", "--size", 64, "--steps", 3]
    result = impasto("reconstruct", files / "photo.png", files / "painting-1.png", *options, "-o", output)
    assert result.returncode == 0, result.stderr
    width, height = opened(output.read_bytes()).size
    assert width > 3 * 64 and height > 2 * 64


@pytest.mark.parametrize(
    ("command", "arguments", "fault"),
    [
        ("optimize", ["photo.png", "--style", "flat.png"], "of one colour"),
        ("optimize", ["photo.png", "--style", "missing.png"], "No such file"),
        ("optimize", ["photo.png", "--style", "painting-1.png", "--steps", "0"], "steps are at least 1"),
        ("optimize", ["photo.png", "--style", "painting-1.png", "--size", "200000"], "GB are free"),
        ("optimize", ["photo.png", "--style", "painting-1.png", "--network", "vgg19"], "VGG-19's weights are not at"),
        ("dream", ["photo.png", "--channel", "4096", "--octaves", "1", "--size", "64"], "channels 0 to 511"),
        ("reconstruct", ["photo.png", "text.png"], "no picture"),
    ],
)
def test_what_cannot_be_made_is_one_line_that_says_why(
    files: Path, tmp_path: Path, command: str, arguments: list[str], fault: str
) -> None:
    named = [files / each if each.endswith(".png") else each for each in arguments]
    result = impasto(command, *named, "-o", tmp_path / "out.png")
    assert result.returncode not in (0, None)
    assert fault in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_format_that_is_not_written_is_named(files: Path, tmp_path: Path) -> None:
    result = impasto("optimize", files / "photo.png", "--style", files / "painting-1.png", "-o", tmp_path / "out.bmp")
    assert result.returncode == 1
    assert "out.bmp: pictures are written as .jpg, .jpeg, .png, .webp" in result.stderr
