"""POST /v1/stylize/like, and photorealistic=true: as the model makes them, and what bad input gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.likeness import Reference, match
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.regions import MOST_REGIONS, Look
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from tests.pictures import encoded, opened, photo, png_claiming

PHOTO = encoded(photo(height=48, width=64))
OTHER = encoded(photo(1, height=70, width=50), "JPEG")
LEFT = np.zeros((6, 8), np.uint8)
LEFT[:, :4] = 255
MASK = "left.png", encoded(LEFT)


def post(client: TestClient, image: bytes = PHOTO, like: bytes | None = OTHER, masks: Any = (), **fields: Any) -> Any:
    files = [("image", ("photo", image)), *(("mask", mask) for mask in masks)]
    files += [("like", ("other", like))] if like is not None else []
    return client.post("/v1/stylize/like", data=fields, files=files)


def pixels(response: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    assert response.status_code == 200, response.text
    return np.asarray(opened(response.content))


def test_a_photo_takes_the_colours_of_another_picture(client: TestClient) -> None:
    response = post(client, strength="0.7")
    palette = Reference.read(OTHER).palette
    assert np.array_equal(pixels(response), match(images.decode(PHOTO), Look(palette, strength=0.7)).pixels.numpy())
    assert "x-model-version" not in response.headers
    recipe = Recipe.of(response.content)
    assert recipe.like == tuple(palette.tolist()) and recipe.photorealistic and recipe.strength == 0.7


def test_its_recipes_palette_stands_for_the_other_picture(client: TestClient) -> None:
    first = post(client)
    again = post(client, like=json.dumps(Recipe.of(first.content).like).encode())
    assert np.array_equal(pixels(first), pixels(again))


def test_all_regions_may_have_a_mask_on_each_picture(client: TestClient) -> None:
    names = [f"{number}{side}.png" for number in range(MOST_REGIONS) for side in ("here", "there")]
    regions = [json.dumps({"mask": here, "like": there}) for here, there in zip(names[::2], names[1::2], strict=True)]
    assert pixels(post(client, masks=[(name, MASK[1]) for name in names], region=regions)).shape == (48, 64, 3)


def test_other_pictures_and_options_are_other_results_and_equal_ones_are_had_already(client: TestClient) -> None:
    asked = [
        post(client),
        post(client, like=PHOTO),
        post(client, strength="0.5"),
        post(client, masks=[MASK], region='{"mask": "left.png", "strength": 0.5}'),
    ]
    tags = [each.headers["etag"] for each in asked]
    assert len(set(tags)) == len(tags)
    files = [("image", ("photo", PHOTO)), ("like", ("other", OTHER))]
    assert client.post("/v1/stylize/like", files=files, headers={"If-None-Match": tags[0]}).status_code == 304


def test_regions_say_how_much_and_like_which_part(client: TestClient) -> None:
    made = pixels(post(client, masks=[MASK], region='{"mask": "left.png", "strength": 0}'))
    before = photo(height=48, width=64)
    assert np.array_equal(made[:, :24], before[:, :24]) and not np.array_equal(made, before)
    of_a_part = post(client, masks=[MASK], region='{"mask": "left.png", "like": "left.png"}')
    (region,) = Recipe.of(of_a_part.content).regions
    again = post(client, like=json.dumps(Recipe.of(of_a_part.content).like).encode(), region=region.to_text())
    assert np.array_equal(pixels(of_a_part), pixels(again))


def test_alpha_is_kept_and_size_is_the_longest_side(client: TestClient) -> None:
    transparent = np.dstack([photo(height=48, width=64), np.full((48, 64), 77, np.uint8)])
    assert (pixels(post(client, encoded(transparent)))[..., 3] == 77).all()
    assert opened(post(client, size="96").content).size == (96, 72)


def test_nothing_of_the_other_picture_is_kept(client: TestClient, settings: Settings) -> None:
    def files() -> set[Path]:
        return {file for file in settings.data_dir.rglob("*") if file.is_file()}

    before = files()
    assert post(client).status_code == 200
    assert files() == before


@pytest.mark.parametrize(
    ("like", "status", "code"),
    [
        (None, 422, "missing_field"),
        (b"", 400, "undecodable_image"),
        (b"no picture", 400, "undecodable_image"),
        (b"[1, 2]", 422, "invalid_request"),
        (b"[" + b"NaN," * 25 + b"1]", 422, "invalid_request"),
        (png_claiming(1000, 1000), 413, "too_many_pixels"),
        (b"\xff" * 300_000, 413, "too_many_bytes"),
    ],
)
def test_a_reference_that_cannot_be_used_is_told_so(
    client: TestClient, like: bytes | None, status: int, code: str
) -> None:
    response = post(client, like=like)
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "like" in response.json()["detail"] or code == "too_many_bytes"


@pytest.mark.parametrize(
    ("region", "fault"),
    [
        ('{"mask": "left.png", "weights": {"great-wave": 1}}', "region 1: weights: "),
        ('{"mask": "left.png", "like": "none.png"}', "region 1: there is no mask 'none.png'"),
        ('{"mask": "left.png", "like": [1]}', "region 1: like"),
    ],
)
def test_a_region_that_cannot_be_is_told_by_its_number(client: TestClient, region: str, fault: str) -> None:
    response = post(client, masks=[MASK], region=region)
    assert response.status_code == 422
    assert response.json()["detail"].startswith(fault)


def test_a_style_is_photorealistic_where_it_is_asked_for(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    files = {"image": ("photo", PHOTO)}
    form = {"style": "great-wave", "photorealistic": "true", "strength": "0.9"}
    response = client.post("/v1/stylize", data=form, files=files)
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    vector = tiny_checkpoint.styles.blend({"great-wave": 1})
    expected = stylizer.stylize(images.decode(PHOTO), vector, strength=0.9, photorealistic=True)
    assert np.abs(pixels(response).astype(int) - expected.pixels.numpy()).max() <= 1
    assert Recipe.of(response.content).photorealistic
    region = json.dumps({"ellipse": {"center": [0.5, 0.5], "radii": [0.3, 0.3]}, "weights": {"the-scream": 1}})
    assert pixels(client.post("/v1/stylize", data={**form, "region": region}, files=files)).shape == (48, 64, 3)
    grid = {"blend": ["great-wave=1", "the-scream=1"], "photorealistic": "true"}
    assert client.post("/v1/stylize/grid", data=grid, files=files).status_code == 200
