"""A region as JSON: read, written, drawn; and what is none is named."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import torch

from impasto.model.errors import InvalidValue
from impasto.model.painting.recipe import NoRecipe, Recipe
from impasto.model.painting.region_recipe import DIGEST, RegionRecipe, check_length, drawn, looks
from impasto.model.painting.regions import Look
from impasto.model.pictures.images import LONGEST_DESCRIPTION, UndecodableImage
from impasto.model.styles.blend import InvalidWeights
from impasto.model.styles.table import StyleTable, UnknownStyle
from tests.pictures import encoded, photo

SIZE = 40, 60
PLAIN = Look(torch.zeros(0))
"""How a picture is painted of which nothing is said."""
WEIGHTS = {"starry-night": 0.75, "great-wave": 0.25}
ELLIPSE = {"ellipse": {"center": [0.5, 0.5], "radii": [0.2, 0.3]}, "weights": WEIGHTS}
MASK = encoded(photo(height=8, width=12)[..., 0])
URL = f"data:image/png;base64,{base64.b64encode(MASK).decode()}"


def region(**fields: Any) -> RegionRecipe:
    return RegionRecipe.from_text(json.dumps({**ELLIPSE, **fields}))


def masked(mask: str) -> RegionRecipe:
    return RegionRecipe.from_text(json.dumps({"mask": mask, "weights": WEIGHTS}))


@pytest.mark.parametrize(
    "fields",
    [
        ELLIPSE,
        {"gradient": {"from": [0, 0.5], "to": [1, 0.5]}, "weights": {"starry-night": 1}, "feather": 0.1},
        {"rectangle": {"from": [0, 0], "to": [1, 0.5]}, "weights": WEIGHTS, "strength": 0.5, "stroke": "native"},
        {"polygon": [[0, 0], [1, 0], [0.5, 1]], "weights": WEIGHTS, "preserve_color": True, "stroke": 2},
        {"mask": "sky.png", "weights": WEIGHTS},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_region_comes_back_out_of_its_text(fields: dict[str, Any]) -> None:
    read = RegionRecipe.from_text(json.dumps(fields))
    assert RegionRecipe.from_text(read.to_text()) == read
    assert json.loads(read.to_text()) == {"feather": 0.0, **fields}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"weights": {"starry-night": -1}}, "weights.starry-night"), ({"like": [0.5]}, "like"), ({"like": 1}, "like"),
        ({"weights": {f"s{n}": 0.1 for n in range(9)}}, "weights"), ({"weights": None}, "weights"),
        ({"rectangle": {"from": [0, 0], "to": [1, 1]}}, "not ellipse and rectangle"), ({"ellipse": None}, "not none"),
        ({"ellipse": {"center": [0.5, float("nan")], "radii": [1, 1]}}, "ellipse.center.1"),
        ({"strength": 2}, "strength"), ({"stroke": 9}, "stroke"), ({"feather": 0.6}, "feather"),
        ({"feather": float("nan")}, "feather"), ({"preserve_color": "yes"}, "preserve_color"), ({"hue": 1}, "hue"),
    ],
)  # fmt: skip
def test_what_is_no_region_is_an_error_that_names_the_field(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        region(**fields)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '"a"', "[" * 10_000, '{"weights":' * 10_000, "\ud800"])
def test_a_hostile_text_is_an_error_in_one_line(text: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        RegionRecipe.from_text(text)
    assert str(refusal.value).isprintable() and len(str(refusal.value)) < 200


def test_a_mask_is_found_by_its_name_or_in_its_text() -> None:
    by_name = masked("sky.png").mask_on(SIZE, {"sky.png": MASK})
    assert by_name.shape == (8, 12) and torch.equal(by_name, masked(URL).mask_on(SIZE, {}))


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        ("sea.png", "no mask 'sea.png'; there is sky.png"),
        ("data:image/png;base64,%%", "base64"),
        (DIGEST + "00", "too large for the recipe"),
    ],
)
def test_a_mask_that_is_not_there_is_an_error(mask: str, told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        masked(mask).mask_on(SIZE, {"sky.png": MASK})


def test_what_a_region_does_not_say_is_as_in_the_picture(tiny_styles: StyleTable) -> None:
    usual = Look(torch.zeros(0), 0.5, True, 2.0)
    plain, own = looks([region(), region(strength=1, preserve_color=False, stroke="native")], tiny_styles, usual)
    vector = tiny_styles.blend(WEIGHTS)
    assert (plain.strength, plain.preserve_color, plain.stroke) == (0.5, True, 2.0)
    assert (own.strength, own.preserve_color, own.stroke) == (1, False, "native")
    assert torch.equal(plain.style_vector, vector) and torch.equal(own.style_vector, vector)


def test_an_error_names_the_region(tiny_styles: StyleTable) -> None:
    with pytest.raises(UnknownStyle, match=r"^region 2: unknown style 'stary-night'; did you mean starry-night"):
        looks([region(), region(weights={"stary-night": 1})], tiny_styles, PLAIN)
    with pytest.raises(InvalidWeights, match=r"^region 1: the weights sum to 0.5"):
        looks([region(weights={"starry-night": 0.5})], tiny_styles, PLAIN)
    less: dict[str, Any]
    for less in ({"weights": {}}, {"like": "all.png"}):
        with pytest.raises(InvalidValue, match=r"^region 1: weights: name styles"):
            looks([region(**less)], tiny_styles, PLAIN)
    recipes = [region(), masked("sky.png")]
    with pytest.raises(UndecodableImage, match=r"^region 2: "):
        drawn(SIZE, recipes, looks(recipes, tiny_styles, PLAIN), None, masks={"sky.png": b"no picture"})


def recipe(*regions: RegionRecipe) -> Recipe:
    return Recipe(weights={}, network_id="abc", size=64, regions=regions)


def test_a_recipe_keeps_its_masks() -> None:
    text = recipe(region(), masked("sky.png")).to_text({"sky.png": MASK})
    assert [each.mask for each in Recipe.from_text(text).regions] == [None, URL]
    assert text.isascii()


def test_a_recipe_that_would_not_fit_into_a_picture_knows_masks_by_their_digest() -> None:
    noise = encoded(torch.randint(0, 256, (250, 250), dtype=torch.uint8).numpy())
    text = recipe(masked("sky.png"), masked("sea.png")).to_text({"sky.png": noise, "sea.png": MASK})
    assert len(text) < LONGEST_DESCRIPTION
    assert all((each.mask or "").startswith(DIGEST) for each in Recipe.from_text(text).regions)


def test_masks_in_a_text_that_is_too_long_become_digests_too() -> None:
    noise = encoded(torch.randint(0, 256, (250, 250), dtype=torch.uint8).numpy())
    url = f"data:image/png;base64,{base64.b64encode(noise).decode()}"
    text = recipe(masked(url), masked(URL)).to_text()
    assert len(text) < LONGEST_DESCRIPTION and URL not in text


def test_regions_that_would_not_fit_into_a_pictures_file_are_refused() -> None:
    corners = [[0.1234567890123 + n / 1e6, 0.9876543210987] for n in range(500)]
    polygon = RegionRecipe.from_text(json.dumps({"polygon": corners, "weights": WEIGHTS}))
    check_length([polygon] * 2)
    with pytest.raises(InvalidValue, match="round the corners"):
        check_length([polygon] * 4)


def test_what_is_wrong_with_a_region_of_a_recipe_is_told_with_its_number() -> None:
    text = recipe(region(), region()).to_text()
    with pytest.raises(NoRecipe, match=r"region 2: ellipse.center.1: Input should be a finite number"):
        Recipe.from_text("NaN]".join(text.rsplit("0.5]", 1)))


def test_a_recipe_says_of_which_version_it_is() -> None:
    with pytest.raises(NoRecipe, match='"impasto": 3'):
        Recipe.from_text('{"weights": {"starry-night": 1}}')


def test_a_recipe_needs_a_style_or_a_region() -> None:
    with pytest.raises(ValueError, match="neither a style nor a region"):
        recipe()
