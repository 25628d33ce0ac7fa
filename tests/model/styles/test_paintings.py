"""What can be learned from, and what cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.model.errors import InvalidValue
from impasto.model.pictures.images import TooManyPixels, UndecodableImage
from impasto.model.styles.paintings import UnusablePainting, load_paintings, paintings_of, read_painting
from tests.pictures import encoded, painting, png_claiming


@pytest.mark.parametrize(("height", "width"), [(128, 300), (300, 128), (128, 512)])
def test_a_painting_is_accepted_in_any_orientation(height: int, width: int) -> None:
    assert read_painting(encoded(painting(height=height, width=width))).size == (width, height)


def test_a_large_painting_is_scaled_down() -> None:
    large = Image.fromarray(painting()).resize((5000, 2500))
    assert read_painting(encoded(large, "JPEG")).size == (2048, 1024)


@pytest.mark.parametrize(("height", "width"), [(127, 400), (400, 127), (1, 1)])
def test_a_painting_that_is_too_small_is_refused_with_its_size(height: int, width: int) -> None:
    with pytest.raises(UnusablePainting, match=f"{width} × {height} pixels; both sides must be at least 128"):
        read_painting(encoded(painting(height=height, width=width)))


def test_a_painting_that_is_too_long_is_refused() -> None:
    with pytest.raises(UnusablePainting, match="700 × 150 pixels: longer than 4 times"):
        read_painting(encoded(painting(height=150, width=700)))


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_painting_of_one_colour_is_refused(value: int) -> None:
    with pytest.raises(UnusablePainting, match="one colour"):
        read_painting(encoded(Image.new("RGB", (200, 200), (value, value, value))))


def test_a_painting_that_is_fully_transparent_is_refused() -> None:
    pixels = np.dstack([painting(), np.zeros((128, 128), np.uint8)])
    with pytest.raises(UnusablePainting, match="fully transparent"):
        read_painting(encoded(pixels))


def test_what_is_transparent_is_white() -> None:
    alpha = np.full((128, 128), 255, np.uint8)
    alpha[:, :64] = 0
    read = read_painting(encoded(np.dstack([painting(), alpha])))
    assert read.alpha is None
    assert (read.rgb[..., :64] == 1).all()
    assert (read.rgb[..., 64:] * 255).round().permute(1, 2, 0).numpy().astype(np.uint8).tolist() == painting()[
        :, 64:
    ].tolist()


def test_hidden_colours_make_no_painting() -> None:
    """A white logo on transparent black is white all over."""
    pixels = np.zeros((200, 200, 4), np.uint8)
    pixels[50:150, 50:150] = 255
    with pytest.raises(UnusablePainting, match="one colour"):
        read_painting(encoded(pixels))


def test_what_is_no_picture_or_too_large_is_refused_as_any_photo_is() -> None:
    with pytest.raises(UndecodableImage):
        read_painting(b"text")
    with pytest.raises(TooManyPixels):
        read_painting(png_claiming(60_000, 60_000), max_pixels=50_000_000)


def test_a_row_of_the_catalogue_that_is_no_style_is_named_by_file_line_and_field(tmp_path: Path) -> None:
    (tmp_path / "styles.csv").write_text(f"slug,title\na,A\nb,{'b' * 201}\n", encoding="utf-8")
    with pytest.raises(InvalidValue, match=r"styles\.csv, line 3: title: at most 200 characters, not 201"):
        load_paintings(tmp_path)


@pytest.mark.parametrize("row", [",,,,", ",,", ""])
def test_an_empty_row_of_the_catalogue_is_skipped(tmp_path: Path, row: str) -> None:
    (tmp_path / "a.png").write_bytes(encoded(painting()))
    (tmp_path / "styles.csv").write_text(f"slug,title,artist\n{row}\na,Title,\n{row}\n", encoding="utf-8")
    assert [each.style.title for each in load_paintings(tmp_path)] == ["Title"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "latin-1"])
def test_a_catalogue_that_is_not_utf_8_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "styles.csv").write_text("slug,title\na,Zoë\n", encoding=encoding)
    with pytest.raises(InvalidValue, match=r"styles\.csv"):
        load_paintings(tmp_path)


def test_colours_hidden_under_transparency_are_not_learned(tmp_path: Path) -> None:
    alpha = np.full((128, 128), 255, np.uint8)
    alpha[:, :64] = 0
    (tmp_path / "a.png").write_bytes(encoded(np.dstack([painting(), alpha])))
    (learned,) = load_paintings(tmp_path)
    assert (learned.rgb[..., :64] == 1).all()


def test_paintings_are_those_of_the_styles_that_are_asked_for_in_their_order(tmp_path: Path) -> None:
    for seed, name in enumerate("abc"):
        (tmp_path / f"{name}.png").write_bytes(encoded(painting(seed)))
    found = paintings_of(iter("ca"), tmp_path)
    assert [*found] == ["c", "a"] and not found["c"].equal(found["a"])
    with pytest.raises(InvalidValue, match=r"has no painting for d, e$"):
        paintings_of(("d", "a", "e"), tmp_path)
