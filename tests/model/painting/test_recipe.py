"""What a picture was painted with: it comes back out of its file, and nothing harmful comes out of anybody's."""

from __future__ import annotations

import json
import shlex
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import ValidationError

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.painting.recipe import MOST_STYLES, NoRecipe, Recipe
from impasto.model.painting.region_recipe import RegionRecipe, check_length
from impasto.model.painting.stroke import LEAST, MOST, NATIVE, Stroke, parse_stroke
from impasto.model.pictures.images import EXIF_ARTIST, decode, description, encode
from impasto.model.pictures.picture import Format, Picture
from impasto.model.styles.guest import from_text, letters, to_text
from impasto.model.styles.shares import parse_shares
from tests.pictures import encoded, opened, photo

FORMATS: tuple[Format, ...] = get_args(Format)
EXIF_DESCRIPTION = 0x010E
PHOTO = photo(height=40, width=56)
PICTURE = Picture(torch.from_numpy(PHOTO), credit={EXIF_ARTIST: "Ansel"})
RECIPE = Recipe(weights={"starry-night": 0.7, "great-wave": 0.3}, network_id="0123456789abcdef", size=56)
FIELDS = RECIPE.model_dump()


def described(text: str, file_format: str = "PNG") -> bytes:
    """A picture with a description, as anybody might make one."""
    if file_format == "PNG":
        info = PngInfo()
        info.add_text("impasto", text, zip=True)
        return encoded(PHOTO, pnginfo=info)
    exif = Image.Exif()
    exif[EXIF_DESCRIPTION] = text
    return encoded(PHOTO, file_format, exif=exif)


# In a file


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_recipe_comes_back_out_of_the_picture_it_was_written_into(file_format: Format) -> None:
    data = encode(PICTURE, file_format, description=RECIPE.to_text())
    assert Recipe.of(data) == RECIPE


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_recipe_changes_no_pixel_and_no_credit(file_format: Format) -> None:
    plain = opened(encode(PICTURE, file_format))
    written = opened(encode(PICTURE, file_format, description=RECIPE.to_text()))
    assert np.array_equal(np.asarray(written), np.asarray(plain))
    assert written.getexif()[EXIF_ARTIST] == "Ansel"


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_recipe_of_a_photo_that_was_itself_painted_does_not_come_back(file_format: Format) -> None:
    painted_before = decode(encode(PICTURE, file_format, description=RECIPE.to_text()))
    again = RECIPE.model_copy(update={"weights": {"the-scream": 1.0}})
    assert Recipe.of(encode(painted_before, description=again.to_text())) == again
    assert description(encode(painted_before)) is None


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF"])
def test_a_picture_that_was_not_painted_here_has_no_recipe(file_format: str) -> None:
    with pytest.raises(NoRecipe, match="has no recipe"):
        Recipe.of(encoded(PHOTO, file_format))


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_another_programs_description_is_no_recipe(file_format: str) -> None:
    with pytest.raises(NoRecipe, match="is no recipe"):
        Recipe.of(described("OLYMPUS DIGITAL CAMERA", file_format))


def test_a_recipe_of_the_largest_blend_fits_into_every_format() -> None:
    weights = {f"{n}-{'a' * 60}"[:64]: 1 / MOST_STYLES for n in range(MOST_STYLES)}
    largest = RECIPE.model_copy(update={"weights": weights})
    for file_format in FORMATS:
        assert Recipe.of(encode(PICTURE, file_format, description=largest.to_text())) == largest


def test_a_painting_given_along_fits_into_every_format_with_all_regions_that_are_allowed() -> None:
    vector = torch.randn(3206)
    corners = [[round(n / 700, 12), 0.123456789012] for n in range(500)]
    region = RegionRecipe.from_text(json.dumps({"polygon": corners, "weights": {"painting": 1}}))
    check_length([region], letters(len(vector)))
    with pytest.raises(InvalidValue, match="round the corners"):
        check_length([region] * 3, letters(len(vector)))
    recipe = Recipe(weights={"painting": 1.0}, painting=to_text(vector), regions=(region,))
    for file_format in FORMATS:
        found = Recipe.of(encode(PICTURE, file_format, description=recipe.to_text()))
        assert found == recipe and found.painting is not None and from_text(found.painting).equal(vector)


def test_a_painting_that_no_style_names_is_refused() -> None:
    with pytest.raises(ValidationError, match="it is among no styles"):
        Recipe(weights={"great-wave": 1.0}, painting=to_text(torch.zeros(4)))
    with pytest.raises(NoRecipe, match="painting: this is no style vector"):
        Recipe.from_text('{"impasto": 3, "weights": {"painting": 1.0}, "painting": "vector:?"}')


# As a text


@given(
    weights=st.dictionaries(st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True), st.floats(0, 1),
                            min_size=1, max_size=8),
    strength=st.floats(0, 1), size=st.integers(1, 2**31), preserve_color=st.booleans(),
    stroke=st.floats(LEAST, MOST) | st.just(NATIVE),
)  # fmt: skip
def test_every_number_survives_as_text_and_as_a_command(
    weights: dict[str, float], strength: float, size: int, preserve_color: bool, stroke: Stroke
) -> None:
    options: dict[str, Any] = {"strength": strength, "preserve_color": preserve_color, "stroke": stroke}
    recipe = Recipe(weights=weights, network_id="abc", size=size, **options)
    assert Recipe.from_text(recipe.to_text()) == recipe
    assert recipe.to_text().isascii()
    words = shlex.split(recipe.as_command(Path("photo.jpg"), Path("out.png")))
    style = words[words.index("--style") + 1 :][: len(weights)]
    assert list(parse_shares(style).items()) == list(weights.items())
    assert float(words[words.index("--strength") + 1] if "--strength" in words else 1) == strength
    assert parse_stroke(words[words.index("--stroke") + 1] if "--stroke" in words else "1") == stroke


def test_a_recipe_of_the_first_format_is_of_a_picture_painted_in_one_pass() -> None:
    text = (
        '{"impasto":1,"weights":{"starry-night":0.7},"network_id":"abc","size":56,"strength":0.5,"preserve_color":true}'
    )
    recipe = Recipe.from_text(text)
    assert (recipe.stroke, recipe.strength, recipe.weights) == (NATIVE, 0.5, {"starry-night": 0.7})
    assert "--stroke native" in recipe.as_command(Path("photo.jpg"), Path("out.png"))
    assert Recipe.from_text(recipe.to_text()) == recipe


def test_a_recipe_written_today_is_one_that_an_older_impasto_refuses_rather_than_paints_otherwise() -> None:
    assert '"impasto":3' in RECIPE.to_text() and '"stroke":1.0' in RECIPE.to_text()


def test_the_command_is_written_for_a_shell() -> None:
    recipe = RECIPE.model_copy(update={"strength": 0.5, "preserve_color": True, "stroke": 2.0})
    assert RECIPE.as_command(Path("photo.jpg"), Path("out.png")) == (
        "impasto paint photo.jpg --style starry-night=0.7 great-wave=0.3 --size 56 -o out.png"
    )
    assert recipe.as_command(Path("my cat.jpg"), Path("$(rm -r).png")) == (
        "impasto paint 'my cat.jpg' --style starry-night=0.7 great-wave=0.3 --strength 0.5 --preserve-color "
        "--stroke 2.0 --size 56 -o '$(rm -r).png'"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {}}, {"weights": ["starry-night"]}, {"weights": {"starry-night": -1}},
        {"weights": {"starry-night": float("nan")}}, {"weights": {"starry-night": 10**400}},
        {"weights": {"starry-night": True}}, {"weights": {"starry-night": "1"}},
        {"weights": {"--output": 1.0}}, {"weights": {"a\x1b[2J": 1.0}}, {"weights": {"a b": 1.0}},
        {"weights": {"a\n": 1.0}}, {"weights": {"a" * 65: 1.0}},
        {"weights": {str(n): 0.0 for n in range(MOST_STYLES + 1)}},
        {"network_id": "$(reboot)"}, {"network_id": 1}, {"size": 0}, {"size": 1.5}, {"size": "56"},
        {"strength": 1.1}, {"strength": None}, {"preserve_color": 1}, {"impasto": 4}, {"strokes": "large"},
        {"stroke": 0}, {"stroke": 100}, {"stroke": float("nan")}, {"stroke": "2"}, {"stroke": "large"},
        {"stroke": None}, {"impasto": 1, "stroke": 1.0},
            {"statistics": "tile"}, {"regions": [{"weights": {"starry-night": 1.0}}]}, {"impasto": 2, "regions": []},
    ],
)  # fmt: skip
def test_a_recipe_is_checked_field_by_field(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Recipe(**{**FIELDS, **changes})


HOSTILE = [
    "", "\0", "null", "[]", '"impasto"', "{}", "[" * 100_000, '{"weights":' * 10_000, "9" * 10_000,
    RECIPE.to_text()[:-1], RECIPE.to_text() + "x", RECIPE.to_text().replace("56", "9" * 10_000),
    RECIPE.to_text().replace("0.7", "1e999"), RECIPE.to_text().replace("0.7", "NaN"),
    RECIPE.to_text().replace("starry-night", "\\u001b[2J"), RECIPE.to_text().replace("starry-night", "\\ud800"),
    RECIPE.to_text().replace('"size"', '"\\u001b[2J"'), "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:40]))
def test_a_hostile_text_is_an_error_in_one_line_that_repeats_nothing_of_it(text: str) -> None:
    with pytest.raises(NoRecipe, match="is no recipe") as refusal:
        Recipe.from_text(text)
    assert str(refusal.value).isprintable() and len(str(refusal.value)) < 200


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("text", ["[" * 60_000, '{"weights":' * 5_000], ids=lambda text: text[:11])
def test_a_hostile_text_in_a_file_is_an_error_of_ours(file_format: str, text: str) -> None:
    with pytest.raises(NoRecipe, match="is no recipe"):
        Recipe.of(described(text, file_format))


def test_a_text_that_unpacks_to_a_hundred_megabytes_is_an_error_of_ours() -> None:
    body = b"impasto\0\0" + zlib.compress(bytes(100_000_000))
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    file = encoded(PHOTO)
    with pytest.raises(ImpastoError):
        Recipe.of(file[:33] + chunk + file[33:])  # behind the header


FILES = [described(RECIPE.to_text(), each) for each in ("PNG", "JPEG", "WEBP", "AVIF")]


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses, or reads all the same
@given(data=st.sampled_from(FILES), changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
       length=st.floats(0.05, 1))  # fmt: skip
def test_a_damaged_file_is_a_recipe_or_an_error_of_ours(
    data: bytes, changes: list[tuple[float, int]], length: float
) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place * (len(data) - 1))] = value
    with suppress(ImpastoError):
        Recipe.of(bytes(damaged[: int(len(data) * length)])).as_command(Path("photo.jpg"), Path("out.png"))
