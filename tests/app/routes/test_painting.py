"""POST /v1/stylize with a painting: its style is told at a glance, for that picture alone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image
from torch import Tensor

from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles import guest
from impasto.model.styles.paintings import read_painting
from tests.films import animated
from tests.networks import tiny_predictor
from tests.pictures import encoded, opened, painting, photo, png_claiming

PHOTO = encoded(photo(height=48, width=64))
PAINTING = encoded(painting())
OTHER = encoded(painting(1))


@pytest.fixture(scope="module")
def service(
    settings: Settings, predicting_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    own = {"checkpoint": predicting_checkpoint_file, "data_dir": tmp_path_factory.mktemp("predicting")}
    with TestClient(create_app(settings.model_copy(update=own))) as client:
        yield client


@pytest.fixture(scope="module")
def vector(tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]) -> Tensor:
    """What is predicted of PAINTING."""
    predictor = StylePredictor(tiny_predictor(tiny_checkpoint), weights=vgg_weights, device="cpu")
    return predictor.predict(read_painting(PAINTING).rgb)


def post(client: TestClient, given: bytes | None = PAINTING, image: bytes = PHOTO, **fields: Any) -> Any:
    files = {"image": ("photo", image)} | ({"painting": ("painting", given)} if given is not None else {})
    return client.post("/v1/stylize", data=fields, files=files)


def pixels(response: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    assert response.status_code == 200, response.text
    return np.asarray(opened(response.content))


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def expected(source: Checkpoint, vector: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    stylizer = Stylizer(source.network, device="cpu", precision="float32")
    return stylizer.stylize(images.decode(PHOTO), vector).pixels.numpy()


def test_a_photo_is_painted_like_the_painting_and_the_service_keeps_nothing(
    service: TestClient, tiny_checkpoint: Checkpoint, vector: Tensor
) -> None:
    before = service.get("/v1/styles").json()
    answer = post(service)
    assert np.array_equal(pixels(answer), expected(tiny_checkpoint, vector))
    assert json.loads(answer.headers["x-style-weights"]) == {"painting": 1.0}
    assert service.get("/v1/styles").json() == before
    assert not np.array_equal(pixels(post(service, OTHER)), pixels(answer))


def test_it_blends_with_known_styles_as_the_last_of_them_or_by_its_name(
    service: TestClient, tiny_checkpoint: Checkpoint, vector: Tensor
) -> None:
    blend = 0.3 * tiny_checkpoint.styles.blend({"great-wave": 1.0}) + 0.7 * vector
    last = post(service, style="great-wave", weight=["0.3", "0.7"])
    named = post(service, style=["painting", "great-wave"], weight=["0.7", "0.3"])
    one = post(service, style="great-wave", weight="0.3")
    for answer in (last, named, one):
        assert np.abs(pixels(answer).astype(int) - expected(tiny_checkpoint, blend)).max() <= 1
    assert json.loads(last.headers["x-style-weights"]) == {"great-wave": 0.3, "painting": 0.7}


def test_it_may_be_the_style_of_a_region(service: TestClient, vector: Tensor) -> None:
    right = {"gradient": {"from": [0.4, 0], "to": [0.6, 0]}, "weights": {"painting": 1}}
    alone = pixels(post(service, region=json.dumps(right)))
    assert np.array_equal(alone[:, :20], photo(height=48, width=64)[:, :20])
    beside = post(service, style="great-wave", region=json.dumps(right))
    assert json.loads(beside.headers["x-style-weights"]) == {"great-wave": 1.0}
    assert not np.array_equal(pixels(beside), alone)
    told = guest.to_text(vector).encode()
    assert np.array_equal(pixels(post(service, told, style="great-wave", region=json.dumps(right))), pixels(beside))


def test_colours_and_light_may_be_taken_of_it_alone(service: TestClient, vector: Tensor) -> None:
    answer, told = (post(service, given, photorealistic="true") for given in (PAINTING, guest.to_text(vector).encode()))
    assert np.array_equal(pixels(answer), pixels(told))


def test_its_recipe_has_the_vector_which_paints_again_without_the_painting(service: TestClient, vector: Tensor) -> None:
    first = post(service, style="great-wave", weight="0.5")
    recipe = Recipe.of(first.content)
    assert recipe.painting is not None and torch.equal(guest.from_text(recipe.painting), vector)
    again = post(service, recipe.painting.encode(), style=["great-wave", "painting"], weight=["0.5", "0.5"])
    assert np.array_equal(pixels(again), pixels(first))


def test_all_frames_may_be_painted_so(service: TestClient, vector: Tensor) -> None:
    film = animated(3)
    answer, other = (post(service, given, image=film, frames="all") for given in (PAINTING, OTHER))
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as painted:
        assert getattr(painted, "n_frames", 1) == 3
    assert answer.content == post(service, guest.to_text(vector).encode(), image=film, frames="all").content
    assert answer.content != other.content


def test_another_painting_is_another_result_and_an_equal_one_is_had_already(service: TestClient) -> None:
    tags = [post(service, given).headers["etag"] for given in (PAINTING, OTHER)]
    assert tags[0] != tags[1]
    files = {"image": ("photo", PHOTO), "painting": ("painting", PAINTING)}
    assert service.post("/v1/stylize", files=files, headers={"If-None-Match": tags[0]}).status_code == 304


@pytest.mark.parametrize(
    ("given", "fields", "status", "code", "detail"),
    [
        (b"", {}, 400, "undecodable_image", "painting: "),
        (b"no picture", {}, 400, "undecodable_image", "painting: "),
        (PAINTING[:-200], {}, 400, "undecodable_image", "painting: "),
        (png_claiming(60_000, 60_000), {}, 413, "too_many_pixels", "painting: "),
        (encoded(painting(height=100)), {}, 422, "unusable_painting", "painting: "),
        (encoded(Image.new("RGB", (200, 200))), {}, 422, "unusable_painting", "painting: "),
        (b"vector:AAAAAA==", {}, 422, "invalid_request", "painting: its vector has 1 numbers"),
        (b"vector:" + b"A" * 20_000, {}, 422, "invalid_request", "painting: its vector has more numbers"),
        (b"vector:\xff", {}, 422, "invalid_request", "painting: this is no style vector"),
        (PAINTING, {"network": "small"}, 422, "invalid_request", "painting: "),
        (PAINTING, {"style": ["great-wave", "no-style"]}, 404, "unknown_style", "no-style"),
        (PAINTING, {"style": "great-wave", "weight": ["0.3", "0.3", "0.4"]}, 422, "invalid_weights", "3 weights for 2"),
        (PAINTING, {"style": ["great-wave"] * 8}, 422, "invalid_weights", "at most 8"),
        (None, {"style": "painting"}, 404, "unknown_style", "painting"),
        (None, {}, 422, "missing_field", "style"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    service: TestClient, given: bytes | None, fields: dict[str, Any], status: int, code: str, detail: str
) -> None:
    answer = post(service, given, **fields)
    assert problem(answer) == (status, code)
    assert detail in answer.json()["detail"]


def test_a_field_that_a_browser_left_empty_is_none(service: TestClient) -> None:
    parts = {'image"; filename="p.png': PHOTO, 'painting"; filename="': b"", "style": b"great-wave"}
    head = b'--x\r\nContent-Disposition: form-data; name="'
    body = b"".join(head + name.encode() + b'"\r\n\r\n' + data + b"\r\n" for name, data in parts.items())
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = service.post("/v1/stylize", content=body + b"--x--\r\n", headers=headers)
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.headers["x-style-weights"]) == {"great-wave": 1.0}


def test_without_a_predictor_it_is_refused_and_a_vector_is_not(client: TestClient, vector: Tensor) -> None:
    answer = post(client)
    assert problem(answer) == (422, "no_predictor")
    assert "fit=full" in answer.json()["detail"]
    assert post(client, guest.to_text(vector).encode()).status_code == 200
    assert client.get("/v1/info").json()["predicts"] is False


def test_the_service_says_that_it_predicts(service: TestClient) -> None:
    assert service.get("/v1/info").json()["predicts"] is True


def test_without_the_loss_network_it_says_what_to_do(
    settings: Settings, predicting_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    own = {"checkpoint": predicting_checkpoint_file, "data_dir": tmp_path}
    with TestClient(create_app(settings.model_copy(update=own))) as service:
        answer = post(service)
        assert problem(answer) == (503, "loss_network_missing")
        assert "impasto fetch" in answer.json()["detail"] and str(tmp_path) not in answer.json()["detail"]
        assert post(service, style="great-wave", given=None).status_code == 200


def test_a_client_pays_for_its_painting_too(
    settings: Settings, predicting_checkpoint_file: Path, tmp_path: Path
) -> None:
    own = {"checkpoint": predicting_checkpoint_file, "data_dir": tmp_path, "rate_limit": 1.0}
    with TestClient(create_app(settings.model_copy(update=own))) as service:
        answer = post(service, encoded(painting(height=384, width=512)), encoded(photo(height=256, width=256)))
        assert answer.headers["ratelimit"].startswith('"painting";r=700000;')  # 262,144 pixels
        for refused in (png_claiming(60_000, 60_000), encoded(painting(height=100, width=600)), b"no picture"):
            assert post(service, refused).status_code in (400, 413, 422)
        broken = {"image": ("photo", png_claiming(60_000, 60_000)), "painting": ("painting", PAINTING)}
        assert service.post("/v1/stylize", files=broken).status_code == 413
        answer = post(service, None, style="great-wave")
        # Only this one costs: what is refused by its header does not.
        assert answer.headers["ratelimit"].startswith('"painting";r=600000;')


def test_what_it_took_to_look_at_it_is_a_stage_of_its_own(service: TestClient) -> None:
    def looked() -> float:
        lines = service.get("/metrics").text.splitlines()
        told = [line for line in lines if line.startswith('impasto_stage_duration_seconds_count{stage="predict"}')]
        return float(told[0].split()[-1]) if told else 0.0

    before = looked()
    post(service, strength="0.9")
    assert looked() == before + 1
