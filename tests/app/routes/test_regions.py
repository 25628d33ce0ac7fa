"""POST /v1/stylize with regions: painted as the stylizer paints them, and what bad input gets."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.masks import Gradient, read
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.regions import Look, Region, Regions
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from tests.pictures import encoded, opened, photo, png_claiming

SIZE = 48, 64
PHOTO = encoded(photo(height=SIZE[0], width=SIZE[1]))
LEFT = np.zeros((6, 8), np.uint8)
LEFT[:, :4] = 255
MASK = encoded(LEFT)
HALVES = {"great-wave": 0.5, "the-scream": 0.5}
SKY = {"mask": "sky.png", "weights": HALVES}
ACROSS = {"gradient": {"from": [0, 0.5], "to": [1, 0.5]}, "weights": {"great-wave": 1}}


def post(client: TestClient, *regions: Any, masks: Any = (("sky.png", MASK),), **fields: Any) -> Any:
    """A request with regions; the masks are sent if a region is of one."""
    files = [("image", ("photo", PHOTO)), *(("mask", mask) for mask in masks)]
    texts = [each if isinstance(each, str) else json.dumps(each) for each in regions]
    return client.post("/v1/stylize", data={"region": texts, **fields}, files=files)


def without_masks(client: TestClient, *regions: Any, **fields: Any) -> Any:
    return post(client, *regions, masks=(), **fields)


@pytest.fixture(scope="module")
def stylizer(tiny_checkpoint: Checkpoint) -> Stylizer:
    return Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")


@pytest.mark.parametrize("statistics", ["picture", "region"])
def test_regions_are_those_of_the_stylizer(
    client: TestClient, tiny_checkpoint: Checkpoint, stylizer: Stylizer, statistics: str
) -> None:
    blend = tiny_checkpoint.styles.blend
    sky = {**SKY, "strength": 0.5, "stroke": 2, "feather": 0}
    response = post(client, sky, ACROSS, style="starry-night", statistics=statistics, preserve_color="true")
    assert response.status_code == 200, response.text
    regions = [
        Region(read(MASK), Look(blend(HALVES), 0.5, True, 2)),
        Region(Gradient.model_validate(ACROSS["gradient"]).mask(SIZE), Look(blend({"great-wave": 1}), 1, True)),
    ]
    placed = Regions(
        SIZE, regions, Look(blend({"starry-night": 1}), preserve_color=True), by_region=statistics == "region"
    )
    expected = stylizer.stylize_regions(images.decode(PHOTO), placed)
    difference = np.asarray(opened(response.content)).astype(int) - expected.pixels.numpy()
    assert np.abs(difference).max() <= 1


def test_without_a_style_what_no_region_covers_stays_the_photo(client: TestClient) -> None:
    response = post(client, SKY)
    painted, before = np.asarray(opened(response.content)), photo(height=SIZE[0], width=SIZE[1])
    assert json.loads(response.headers["x-style-weights"]) == {}
    assert np.array_equal(painted[:, 48:], before[:, 48:])
    assert not np.array_equal(painted[:, :16], before[:, :16])


def test_the_recipe_in_the_file_has_the_regions_and_paints_the_same_again(client: TestClient) -> None:
    first = post(client, SKY, ACROSS, style="starry-night", strength="0.9")
    recipe = Recipe.of(first.content)
    assert (recipe.regions[0].mask or "").startswith("data:image/png;base64,")
    again = without_masks(client, *(each.to_text() for each in recipe.regions), style="starry-night", strength="0.9")
    assert np.array_equal(np.asarray(opened(first.content)), np.asarray(opened(again.content)))


def test_other_masks_regions_and_statistics_are_other_results(client: TestClient) -> None:
    asked = [
        post(client, SKY),
        post(client, SKY, masks=[("sky.png", encoded(255 - LEFT))]),
        post(client, {**SKY, "strength": 0.5}),
        post(client, SKY, statistics="region"),
        without_masks(client, ACROSS),
    ]
    assert len({each.headers["etag"] for each in asked}) == len(asked)
    assert post(client, SKY).headers["etag"] == asked[0].headers["etag"]


def test_strokes_of_several_sizes_are_painted_in_the_size_that_is_asked_for(client: TestClient) -> None:
    one = post(client, SKY, ACROSS, style="starry-night", size="128")
    two = post(client, {**SKY, "stroke": 2}, ACROSS, style="starry-night", size="128")
    assert (one.status_code, two.status_code) == (200, 200)
    assert opened(one.content).size == opened(two.content).size == (128, 96)
    assert not np.array_equal(np.asarray(opened(one.content)), np.asarray(opened(two.content)))


def test_a_picture_needs_a_style_or_a_region(client: TestClient) -> None:
    response = client.post("/v1/stylize", files={"image": ("photo", PHOTO)})
    assert (response.status_code, response.json()["code"]) == (422, "missing_field")
    assert response.json()["errors"][0]["field"] == "style"


@pytest.mark.parametrize(
    ("region", "status", "code", "told"),
    [
        ("no JSON", 422, "invalid_request", "region 2: "),
        ({**ACROSS, "weights": {"van-gohg": 1}}, 404, "unknown_style", "region 2: unknown style 'van-gohg'"),
        ({**ACROSS, "weights": {"great-wave": 0.5}}, 422, "invalid_weights", "region 2: the weights sum to 0.5"),
        ('{"polygon": [[0, 0], [1, NaN], [1, 1]], "weights": {"great-wave": 1}}', 422, "invalid_request",
         "region 2: polygon.1.1"),
        ({**ACROSS, "mask": "sky.png"}, 422, "invalid_request", "region 2: a region is one of"),
        ({**SKY, "mask": "sea.png"}, 422, "invalid_request", "region 2: there is no mask 'sea.png'"),
        ({"weights": {"great-wave": 1}}, 422, "invalid_request", "region 2: a region is one of"),
        ({**SKY, "mask": "data:image/png;base64,AAAA"}, 400, "undecodable_image", "region 2: "),
        ({**ACROSS, "feather": 2}, 422, "invalid_request", "region 2: feather"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_is_wrong_with_a_region_is_told_with_its_number(
    client: TestClient, region: Any, status: int, code: str, told: str
) -> None:
    response = post(client, SKY, region)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["detail"].startswith(told)


@pytest.mark.parametrize(
    ("mask", "status", "code"),
    [
        (b"no picture", 400, "undecodable_image"),
        (MASK[:-30], 400, "undecodable_image"),
        (png_claiming(5000, 5000), 413, "too_many_pixels"),
        (png_claiming(10_000, 10_000), 413, "too_many_pixels"),
        (b"", 400, "undecodable_image"),
    ],
    ids=["broken", "cut short", "25 megapixels", "100 megapixels", "empty"],
)
def test_a_mask_that_cannot_be_read_is_told_with_its_region(
    client: TestClient, mask: bytes, status: int, code: str
) -> None:
    response = post(client, ACROSS, SKY, masks=[("sky.png", mask)])
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["detail"].startswith("region 2: ")


def test_nine_regions_are_too_many(client: TestClient) -> None:
    response = without_masks(client, *[ACROSS] * 9)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "region")
    assert without_masks(client, *[ACROSS] * 8).status_code == 200


def test_a_mask_of_no_region_and_two_of_one_name_are_errors(client: TestClient) -> None:
    for masks, told in (([("sky.png", MASK), ("sea.png", MASK)], "'sea.png'"), ([("sky.png", MASK)] * 2, "two")):
        response = post(client, SKY, masks=masks)
        assert response.status_code == 422 and told in response.json()["detail"]


def test_regions_without_strength_are_the_photo_at_once(client: TestClient) -> None:
    response = without_masks(client, {**ACROSS, "strength": 0})
    assert np.array_equal(np.asarray(opened(response.content)), photo(height=SIZE[0], width=SIZE[1]))
    assert "inference;dur=0.0" in response.headers["server-timing"]


def test_a_region_of_more_letters_than_any_needs_is_refused(client: TestClient) -> None:
    corners = [[0.123456789, 0.987654321]] * 5000
    response = without_masks(client, {"polygon": corners, "weights": {"great-wave": 1}})
    assert response.status_code == 400 and response.json()["detail"]
    response = without_masks(client, ACROSS, {"polygon": corners[:1400], "weights": {"great-wave": 1}})
    assert response.status_code == 422 and response.json()["detail"].startswith("region 2: it has 3")


def test_masks_of_any_kind_and_shape_are_read(client: TestClient) -> None:
    wide = encoded(np.full((3, 50), 65535, np.uint16))
    painted = post(client, SKY, masks=[("sky.png", wide)])
    assert painted.status_code == 200
    full = encoded(np.full((1, 1), 255, np.uint8))
    assert np.array_equal(
        np.asarray(opened(painted.content)), np.asarray(opened(post(client, SKY, masks=[("sky.png", full)]).content))
    )
    assert torch.equal(read(wide), torch.full((3, 50), 255, dtype=torch.uint8))
