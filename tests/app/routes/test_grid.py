"""POST /v1/stylize/grid: one photo, many blends, one answer."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image

from impasto.app.main import create_app
from impasto.app.routes.grid import caption
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.recipe import Recipe
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable
from tests.app.routes.test_stylize import problem_code
from tests.pictures import encoded, opened, photo, png_claiming

PHOTO = encoded(photo(height=48, width=64))
PAIR = [f"starry-night={a / 8},great-wave={1 - a / 8}" for a in range(9)]


def post(client: TestClient, image: bytes | None = PHOTO, **fields: Any) -> Any:
    files = {"image": ("photo", image)} if image is not None else None
    return client.post("/v1/stylize/grid", data={"blend": PAIR, **fields}, files=files)


def pictures(response: Any) -> list[bytes]:
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        return [archive.read(name) for name in sorted(archive.namelist())]


def test_a_zip_has_the_very_pictures_of_single_requests_in_the_order_of_the_blends(client: TestClient) -> None:
    painted = pictures(post(client, output="zip"))
    assert len(painted) == 9
    for a in (0, 3, 8):
        form = {"style": ["starry-night", "great-wave"], "weight": [str(a / 8), str(1 - a / 8)]}
        single = client.post("/v1/stylize", data=form, files={"image": ("photo", PHOTO)})
        assert painted[a] == single.content


def test_the_pictures_of_a_zip_are_of_the_format_asked_for_and_have_its_suffix(client: TestClient) -> None:
    response = post(client, output="zip", format="jpeg", blend=PAIR[:2])
    assert [opened(each).format for each in pictures(response)] == ["JPEG", "JPEG"]
    assert zipfile.ZipFile(io.BytesIO(response.content)).namelist() == ["01.jpg", "02.jpg"]


def test_a_sheet_shows_all_pictures_in_as_many_columns_as_asked_for(client: TestClient) -> None:
    strip, square = (opened(post(client, columns=columns).content) for columns in (9, 3))
    assert strip.width > 9 * 64 > square.width > 3 * 64
    assert square.height > 3 * 48 > strip.height > 48
    assert opened(post(client).content).size == square.size


def test_a_sheet_is_no_wider_than_its_pictures(client: TestClient) -> None:
    one, two = (opened(post(client, blend=PAIR[:count], columns=16).content) for count in (1, 2))
    assert one.size == opened(post(client, blend=PAIR[:1]).content).size
    assert 2 * 64 < two.width < 3 * 64


def test_the_small_network_paints_grids_too(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    large, small = (post(client, output="zip", network=network) for network in ("large", "small"))
    assert small.headers["x-model-version"] == tiny_checkpoint.of("small").network_id
    assert {Recipe.of(each).network for each in pictures(small)} == {"small"}
    assert pictures(small)[0] != pictures(large)[0]


def test_options_hold_for_every_picture(client: TestClient) -> None:
    response = post(client, output="zip", size="48", strength="0", stroke="2")
    for each in pictures(response):
        assert np.array_equal(np.asarray(opened(each)), np.asarray(opened(pictures(response)[0])))
        assert opened(each).size == (48, 36)
        assert Recipe.of(each).stroke == 2


def test_headers_are_those_of_a_painting_but_the_weights_which_proxies_may_find_too_long(client: TestClient) -> None:
    headers = post(client, blend=["the-scream=1", "starry-night=.25,great-wave=0.75"]).headers
    assert "x-style-weights" not in headers
    assert {"x-model-version", "etag"} <= set(headers)
    assert [stage.partition(";")[0] for stage in headers["server-timing"].split(", ")] == [
        "decode", "queue", "inference", "encode",
    ]  # fmt: skip


def test_equal_requests_give_equal_files(client: TestClient) -> None:
    for output in ("sheet", "zip"):
        first, second = post(client, output=output), post(client, output=output)
        assert first.content == second.content and first.headers["etag"] == second.headers["etag"]


def test_transparent_parts_are_white_on_a_sheet(client: TestClient) -> None:
    picture = Image.fromarray(photo(height=48, width=64)).convert("RGBA")
    picture.putalpha(0)
    sheet = np.asarray(opened(post(client, encoded(picture), blend=["the-scream=1"]).content))
    assert (sheet[12 : 12 + 48, 12 : 12 + 64] == 255).all()


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"blend": ["starry-night=0.5"]}, 422, "invalid_weights"),
        ({"blend": ["starry-night"]}, 422, "invalid_weights"),
        ({"blend": ["starry-knight=1"]}, 404, "unknown_style"),
        ({"blend": []}, 422, "missing_field"),
        ({"blend": ["the-scream=1"] * 17}, 422, "invalid_field"),
        ({"blend": ["x" * 1000]}, 422, "invalid_field"),
        ({"output": "tar"}, 422, "invalid_field"),
        ({"columns": "0"}, 422, "invalid_field"),
        ({"strength": "2"}, 422, "invalid_field"),
        ({"stroke": "100"}, 422, "invalid_field"),
        ({"size": "257"}, 422, "invalid_request"),
        ({"image": b"no picture"}, 400, "undecodable_image"),
        ({"image": png_claiming(1000, 501)}, 413, "too_many_pixels"),
        ({"image": encoded(photo(), "BMP")}, 415, "unsupported_format"),
        ({"image": encoded(photo(height=31, width=64))}, 422, "image_too_small"),
    ],
    ids=str,
)
def test_what_cannot_be_painted_is_refused_by_name(
    client: TestClient, fields: dict[str, Any], status: int, code: str
) -> None:
    response = post(client, **fields)
    assert (response.status_code, problem_code(response)) == (status, code)


def test_all_pictures_have_together_no_more_pixels_than_a_batch(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"batch_pixels": 10_000}))) as client:
        reduced = post(client, output="zip", blend=PAIR[:4])
        refused = post(client, blend=PAIR[:4], size="64")
        alone = post(client, output="zip", blend=PAIR[:1], size="256")
    assert opened(pictures(reduced)[0]).size == (57, 43)
    assert reduced.headers["x-resized-from"] == "64x48"
    assert (refused.status_code, problem_code(refused)) == (422, "invalid_request")
    assert "at most 57 pixels" in refused.json()["detail"]
    assert opened(pictures(alone)[0]).size == (256, 192)


def test_a_grid_takes_one_place_of_the_queue(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"queue_size": 1}))
    with TestClient(app) as client:
        assert post(client).status_code == 200
        with app.state.painter.place():
            refused = post(client)
    assert (refused.status_code, problem_code(refused)) == (429, "queue_full")
    assert int(refused.headers["retry-after"]) >= 1


def test_every_picture_of_a_zip_carries_its_own_recipe(client: TestClient) -> None:
    first, second, *_ = pictures(post(client, output="zip"))
    assert Recipe.of(first).weights == {"starry-night": 0, "great-wave": 1}
    assert Recipe.of(second).weights == {"starry-night": 1 / 8, "great-wave": 7 / 8}


@pytest.mark.parametrize("title", ["神奈川沖浪裏", "Звёздная ночь", "Η κραυγή", "الصرخة", "🌊"])
def test_a_caption_in_letters_that_cannot_be_drawn_is_the_id(title: str) -> None:
    styles = StyleTable([Style("a", title), Style("b", "Sérusier")], torch.zeros(2, 4))
    assert caption({"a": 0.25, "b": 0.75}, styles) == "25% a, 75% Sérusier"
