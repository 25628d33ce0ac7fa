"""POST /v1/stylize: every sentence of its contract, and what bad input gets."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint, save
from impasto.model.painting.recipe import NoRecipe, Recipe
from impasto.model.painting.stroke import Stroke, parse_stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.picture import to_image
from tests.pictures import encoded, opened, photo, png_claiming

PHOTO = encoded(photo(height=48, width=64))


def post(client: TestClient, image: bytes | None = PHOTO, *, accept: str = "*/*", **fields: Any) -> Any:
    files = {"image": ("photo", image)} if image is not None else None
    return client.post("/v1/stylize", data={"style": "starry-night", **fields}, files=files, headers={"Accept": accept})


def problem_code(response: Any) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["request_id"] == response.headers["x-request-id"]
    code: str = body["code"]
    return code


def test_a_photo_comes_back_painted_in_its_own_size_and_format(client: TestClient) -> None:
    response = post(client)
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    painted = opened(response.content)
    assert painted.size == (64, 48)
    assert not np.array_equal(np.asarray(painted), photo(height=48, width=64))


def test_the_picture_is_the_stylizers_own(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    response = post(client, style=["starry-night", "great-wave"], weight=["0.3", "0.7"])
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    expected = stylizer.stylize(
        images.decode(PHOTO), tiny_checkpoint.styles.blend({"starry-night": 0.3, "great-wave": 0.7})
    )
    assert np.array_equal(np.asarray(opened(response.content)), np.asarray(to_image(expected.rgb)))


def test_the_small_network_paints_where_it_is_asked_for(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    response = post(client, style=["starry-night", "great-wave"], weight=["0.3", "0.7"], network="small")
    small = tiny_checkpoint.of("small")
    stylizer = Stylizer(small.network, device="cpu", precision="float32")
    vector = small.styles.blend({"starry-night": 0.3, "great-wave": 0.7})
    expected = stylizer.stylize(images.decode(PHOTO), vector)
    assert np.array_equal(np.asarray(opened(response.content)), np.asarray(to_image(expected.rgb)))
    assert response.headers["x-model-version"] == small.network_id
    recipe = Recipe.of(response.content)
    assert (recipe.network, recipe.network_id) == ("small", small.network_id)
    assert response.headers["etag"] != post(client, style=["starry-night", "great-wave"], weight="0.3").headers["etag"]


def test_a_service_without_a_small_network_says_so(
    tiny_checkpoint: Checkpoint, settings: Settings, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.safetensors"
    save(replace(tiny_checkpoint, small=None), alone)
    with TestClient(create_app(settings.model_copy(update={"checkpoint": alone}))) as client:
        response = post(client, network="small")
        assert (response.status_code, problem_code(response)) == (422, "no_small_network")
        assert client.get("/v1/info").json()["small_network_id"] is None
        assert post(client, network="tiny").status_code == 422


@pytest.mark.parametrize("stroke", [0.5, 1.0, 2.0, 3.0, "native"])
def test_strokes_are_those_of_the_stylizer(client: TestClient, tiny_checkpoint: Checkpoint, stroke: Stroke) -> None:
    large = encoded(photo(height=96, width=128))
    response = post(client, large, stroke=str(stroke), strength="0.8", preserve_color="true")
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    vector = tiny_checkpoint.styles.blend({"starry-night": 1.0})
    expected = stylizer.stylize(images.decode(large), vector, strength=0.8, preserve_color=True, stroke=stroke)
    assert np.array_equal(np.asarray(opened(response.content)), np.asarray(to_image(expected.rgb)))


def test_headers_say_what_was_done(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    headers = post(client, style=["starry-night", "great-wave"], weight="0.25").headers
    assert json.loads(headers["x-style-weights"]) == {"starry-night": 0.25, "great-wave": 0.75}
    assert headers["x-model-version"] == tiny_checkpoint.network_id
    stages = [stage.partition(";dur=") for stage in headers["server-timing"].split(", ")]
    assert [name for name, _, _ in stages] == ["decode", "queue", "inference", "encode"]
    assert all(float(milliseconds) >= 0 for _, _, milliseconds in stages)


def test_equal_requests_give_equal_pictures_and_etags_and_others_do_not(client: TestClient) -> None:
    first, second, other = post(client), post(client), post(client, style="great-wave")
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"] != other.headers["etag"]


@pytest.mark.parametrize("weight", ["nan", "inf", "-1", "0.5", ["0.5", "0.5"]])
def test_bad_weights_are_a_422_that_names_the_fault(client: TestClient, weight: str | list[str]) -> None:
    response = post(client, weight=weight)
    assert (response.status_code, problem_code(response)) == (422, "invalid_weights")
    assert "weight" in response.json()["detail"]


def test_an_unknown_style_is_a_404_with_the_nearest_ids(client: TestClient) -> None:
    response = post(client, style="stary-night")
    assert (response.status_code, problem_code(response)) == (404, "unknown_style")
    assert response.json()["nearest"] == ["starry-night"]


def test_strength_zero_gives_the_photo_back(client: TestClient) -> None:
    painted = opened(post(client, strength="0").content)
    assert np.array_equal(np.asarray(painted), photo(height=48, width=64))


def test_preserving_colour_keeps_the_photos_colours(client: TestClient) -> None:
    grey = encoded(Image.fromarray(photo(height=48, width=64)).convert("L").convert("RGB"))
    painted = np.asarray(opened(post(client, grey, preserve_color="true").content)).astype(int)
    assert np.abs(painted - painted.mean(axis=2, keepdims=True)).max() <= 1
    assert painted.std() > 1


def test_size_is_the_longest_side_of_the_result(client: TestClient) -> None:
    assert opened(post(client, size="96").content).size == (96, 72)
    assert opened(post(client, size="48").content).size == (48, 36)


def test_a_photo_beyond_the_largest_size_is_scaled_down_to_it(client: TestClient) -> None:
    large = encoded(photo(height=300, width=400), "JPEG")
    answer = post(client, large)
    assert opened(answer.content).size == (256, 192)
    assert answer.headers["x-resized-from"] == "400x300"


def test_a_photo_within_the_limits_is_not_said_to_be_resized(client: TestClient) -> None:
    for answer in (post(client), post(client, size="32")):
        assert "x-resized-from" not in answer.headers


def test_without_a_largest_size_a_result_has_the_size_of_its_photo_up_to_the_most_pixels(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"max_size": None}))) as client:
        own = post(client, encoded(photo(height=300, width=400)))
        refused = post(client, size="817")
        assert client.get("/v1/info").json()["limits"]["max_size"] is None
    assert opened(own.content).size == (400, 300)
    assert "x-resized-from" not in own.headers
    assert (refused.status_code, problem_code(refused)) == (422, "invalid_request")
    assert "at most 816 pixels on the longest side" in refused.json()["detail"]


def test_a_size_beyond_the_limit_is_refused(client: TestClient) -> None:
    response = post(client, size="257")
    assert (response.status_code, problem_code(response)) == (422, "invalid_request")
    assert "256" in response.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "accept", "expected"),
    [
        ({"format": "webp"}, "image/jpeg", "image/webp"),
        ({}, "image/jpeg", "image/jpeg"),
        ({}, "image/*", "image/png"),
        ({}, "text/html,image/avif,image/webp,*/*;q=0.8", "image/webp"),
    ],
)
def test_the_format_is_asked_for_by_field_then_by_accept(
    client: TestClient, fields: dict[str, Any], accept: str, expected: str
) -> None:
    response = post(client, accept=accept, **fields)
    assert response.headers["content-type"] == expected
    assert f"image/{opened(response.content).format}".lower() == expected
    assert response.headers["vary"] == "Accept"


def test_lower_quality_makes_smaller_files(client: TestClient) -> None:
    sizes = [len(post(client, format="jpeg", quality=quality).content) for quality in ("30", "95")]
    assert sizes[0] < sizes[1]


def test_transparency_survives_in_png(client: TestClient) -> None:
    picture = Image.fromarray(photo(height=48, width=64)).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((64, 48)))
    painted = opened(post(client, encoded(picture)).content)
    assert np.array_equal(np.asarray(painted.getchannel("A")), np.asarray(picture.getchannel("A")))


@pytest.mark.parametrize(
    ("image", "status", "code"),
    [
        (b"", 400, "undecodable_image"),
        (b"this is text, not a picture", 400, "undecodable_image"),
        (encoded(photo(), "JPEG")[:800], 400, "undecodable_image"),
        (png_claiming(60_000, 60_000), 413, "too_many_pixels"),
        (png_claiming(1000, 501), 413, "too_many_pixels"),
        (encoded(photo(), "BMP"), 415, "unsupported_format"),
        (encoded(photo(height=64, width=1)), 422, "image_too_small"),
        (encoded(photo(height=31, width=64)), 422, "image_too_small"),
        (bytes(300_000), 413, "too_many_bytes"),
    ],
    ids=["empty", "text", "truncated", "bomb", "large", "bmp", "one-pixel-wide", "31-pixels", "bytes"],
)
def test_a_picture_that_cannot_be_used_is_refused_by_name(
    client: TestClient, image: bytes, status: int, code: str
) -> None:
    response = post(client, image)
    assert (response.status_code, problem_code(response)) == (status, code)


@pytest.mark.parametrize(
    "image",
    [
        encoded(Image.fromarray(photo()[..., 0].astype(np.uint16) * 257), "TIFF"),
        encoded(Image.fromarray(photo()).convert("CMYK"), "JPEG"),
        encoded(Image.fromarray(photo()), "GIF", save_all=True, append_images=[Image.fromarray(photo(1))]),
        encoded(Image.fromarray(photo()).convert("LA")),
        encoded(Image.fromarray(photo()).convert("1")),
    ],
    ids=["tiff-16-bit", "cmyk", "animated-gif", "grey-alpha", "one-bit"],
)
def test_unusual_pictures_are_painted(client: TestClient, image: bytes) -> None:
    response = post(client, image)
    assert response.status_code == 200
    assert opened(response.content).size == (64, 64)


def test_a_missing_image_is_named(client: TestClient) -> None:
    response = post(client, None)
    assert (response.status_code, problem_code(response)) == (422, "missing_field")
    assert response.json()["errors"][0]["field"] == "image"


def test_an_image_field_that_is_text_is_refused(client: TestClient) -> None:
    response = client.post("/v1/stylize", data={"style": "starry-night", "image": "photo.jpg"})
    assert (response.status_code, problem_code(response)) == (422, "invalid_field")


@pytest.mark.parametrize(
    "fields",
    [
        {"style": []},
        {"style": ["starry-night"] * 9},
        {"strength": "1.5"},
        {"strength": "nan"},
        *({"stroke": text} for text in ("nan", "inf", "-inf", "0", "-1", "100", "big", " ")),
        {"size": "31"},
        {"size": "many"},
        {"quality": "0"},
        {"quality": "101"},
        {"format": "bmp"},
        {"weight": "half"},
    ],
    ids=str,
)
def test_a_field_out_of_range_is_a_422(client: TestClient, fields: dict[str, Any]) -> None:
    response = post(client, **fields)
    assert response.status_code == 422
    assert problem_code(response) in {"invalid_field", "missing_field"}


def test_a_stroke_that_is_none_is_named_with_the_range(client: TestClient) -> None:
    (fault,) = post(client, stroke="big").json()["errors"]
    assert fault == {"field": "stroke", "message": "stroke is a number from 0.25 to 4, or native, not 'big'"}


@pytest.mark.parametrize("stroke", ["0.25", "4", "2.5", "native"])
def test_a_stroke_is_a_number_or_native_and_stands_in_the_recipe(client: TestClient, stroke: str) -> None:
    response = post(client, stroke=stroke)
    assert response.status_code == 200
    assert Recipe.of(response.content).stroke == parse_stroke(stroke)


def test_the_document_tells_range_and_examples_of_a_stroke(client: TestClient) -> None:
    forms = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("Body_stylize_v1_stylize_post", "Body_grid_v1_stylize_grid_post"):
        stroke = forms[name]["properties"]["stroke"]
        assert {"type": "number", "minimum": 0.25, "maximum": 4.0} in stroke["anyOf"]
        assert {"type": "string", "const": "native"} in stroke["anyOf"]
        assert (stroke["examples"], stroke["default"]) == ([2, "native"], 1.0)


def test_a_body_of_unannounced_length_is_counted_too(client: TestClient) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    body = (chunk for chunk in [head, *[bytes(50_000)] * 5, b"\r\n--x--\r\n"])
    response = client.post("/v1/stylize", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (response.status_code, problem_code(response)) == (413, "too_many_bytes")


def test_a_body_that_is_no_form_is_an_error_of_the_client(client: TestClient) -> None:
    response = client.post("/v1/stylize", content=b"--", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert 400 <= response.status_code < 500
    problem_code(response)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_a_picture_carries_its_recipe(client: TestClient, tiny_checkpoint: Checkpoint, format: str) -> None:
    fields: dict[str, Any] = {
        "style": ["starry-night", "great-wave"],
        "weight": "0.25",
        "strength": "0.5",
        "size": "48",
    }
    recipe = Recipe.of(post(client, format=format, **fields).content)
    assert recipe.weights == {"starry-night": 0.25, "great-wave": 0.75}
    assert (recipe.network_id, recipe.size, recipe.strength) == (tiny_checkpoint.network_id, 48, 0.5)


def test_a_recipe_that_is_not_wanted_is_left_out_and_changes_no_pixel(client: TestClient) -> None:
    without, with_recipe = post(client, recipe="false").content, post(client).content
    with pytest.raises(NoRecipe):
        Recipe.of(without)
    assert np.array_equal(np.asarray(opened(without)), np.asarray(opened(with_recipe)))


@pytest.mark.parametrize(
    "field", ["weight", "strength", "preserve_color", "stroke", "size", "format", "quality", "recipe"]
)
def test_a_field_left_empty_is_one_left_out(client: TestClient, field: str) -> None:
    empty: Any = {field: ""}
    assert post(client, **empty).content == post(client).content


def test_weights_left_empty_are_equal_shares(client: TestClient) -> None:
    answer = post(client, style=["starry-night", "great-wave"], weight=["", ""])
    assert json.loads(answer.headers["x-style-weights"]) == {"starry-night": 0.5, "great-wave": 0.5}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"style": "x" * 65}, 422),
        ({"style": "x" * 100_000}, 400),
        ({"format": "x" * 100_000}, 400),
        ({"weight": ["1"] * 200}, 400),
        ({"nothing": ["1"] * 200}, 400),
    ],
)
def test_what_no_form_needs_is_refused_before_anything_is_computed(
    client: TestClient, fields: dict[str, Any], status: int
) -> None:
    answer = post(client, **fields)
    assert (answer.status_code, len(answer.text) < 1000) == (status, True)


def test_more_files_than_any_form_has_are_refused(client: TestClient) -> None:
    files = [("image", ("photo", PHOTO))] * 41
    answer = client.post("/v1/stylize", data={"style": "starry-night"}, files=files)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_metadata_that_unpacks_to_too_much_is_refused_under_its_own_name(client: TestClient) -> None:
    body = b"iCCP" + b"press\0\0" + zlib.compress(bytes(70_000_000))
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    answer = post(client, PHOTO[:33] + chunk + PHOTO[33:])
    assert (answer.status_code, problem_code(answer)) == (413, "too_much_metadata")
