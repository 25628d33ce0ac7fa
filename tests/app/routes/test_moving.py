"""POST /v1/stylize with frames=all: photos that move."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
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
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.picture import Picture
from impasto.model.video import packages
from impasto.model.video.config import MotionConfig
from impasto.model.video.continuity import Continuity
from tests.app.routes.test_stylize import post, problem_code
from tests.films import animated, moving, panned
from tests.pictures import encoded, opened, photo

DURATIONS = [40, 200, 60, 100]
CLEAR = [torch.cat([frame, torch.full((48, 64, 1), 255, dtype=torch.uint8)], dim=-1) for frame in panned(4)]
for each in CLEAR:
    each[:, :20, 3] = 0


def dance(format: str, frames: list[Tensor] = CLEAR, **options: Any) -> bytes:
    """Four frames, and how long each is shown."""
    return moving(io.BytesIO(), frames, format=format, duration=DURATIONS, loop=3, **options).getvalue()


def frames(data: bytes) -> Iterator[Image.Image]:
    """Each frame of a file, whose durations are in `info`."""
    image = opened(data)
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
        yield image


@pytest.fixture
def small(settings: Settings) -> Iterator[TestClient]:
    """A service with room for 6 frames of 64 × 48 pixels."""
    with TestClient(create_app(settings.model_copy(update={"queue_pixels": 2 * 6 * 64 * 48}))) as client:
        yield client


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "avif"])
def test_a_photo_that_moves_comes_back_painted_as_its_own_kind_and_moves_as_it_did(
    client: TestClient, kind: str
) -> None:
    options: dict[str, Any] = {"disposal": 2} if kind == "gif" else {}
    answer = post(client, dance(kind, **options), frames="all")
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"image/{kind}")
    painted = [*frames(answer.content)]
    assert [frame.info["duration"] for frame in frames(answer.content)] == DURATIONS
    assert painted[0].size == (64, 48)
    assert painted[0].info.get("loop") == (None if kind == "avif" else 3)  # of which Pillow tells none
    last = np.asarray(painted[-1].convert("RGBA"))
    assert (last[:, :16, 3] < 10).all() and (last[:, 24:, 3] > 245).all()
    assert np.abs(last[:, 24:, :3].astype(int) - CLEAR[-1][:, 24:, :3].numpy()).mean() > 10


def test_each_frame_follows_those_before_it_as_in_films(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    answer = post(client, dance("png", panned(4)), frames="all", stroke="2", strength="0.8")
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    continuity = Continuity(stylizer, MotionConfig(), stroke=2.0, strength=0.8)
    vector = tiny_checkpoint.styles.blend({"starry-night": 1})
    for frame, pixels in zip(frames(answer.content), panned(4), strict=True):
        expected = continuity.paint(Picture(pixels), vector)
        np.testing.assert_array_equal(np.asarray(frame.convert("RGB")), expected.pixels)


def test_it_is_written_as_is_asked_for(client: TestClient) -> None:
    for asked in ({"format": "webp"}, {"accept": "image/webp, image/jpeg"}):
        answer = post(client, animated(), frames="all", **asked)
        assert (answer.headers["content-type"], opened(answer.content).n_frames) == ("image/webp", 4)  # type: ignore[attr-defined]
    refused = post(client, animated(), frames="all", format="jpeg")
    assert (refused.status_code, problem_code(refused)) == (422, "invalid_request")
    assert "nothing moves in a JPEG" in refused.json()["detail"]


def test_every_frame_has_the_size_that_is_asked_for(client: TestClient) -> None:
    assert {frame.size for frame in frames(post(client, animated(), frames="all", size=96).content)} == {(96, 72)}
    large = moving(io.BytesIO(), panned(2, height=64, width=320), format="GIF").getvalue()
    answer = post(client, large, frames="all")
    assert (opened(answer.content).size, answer.headers["x-resized-from"]) == ((256, 51), "320x64")


def test_an_answer_of_many_megabytes_comes_whole(client: TestClient) -> None:
    random = np.random.default_rng(0)
    first, *others = (Image.fromarray(random.integers(256, size=(36, 36, 3), dtype=np.uint8)) for _ in range(45))
    file = io.BytesIO()
    first.save(file, "PNG", save_all=True, append_images=others)
    answer = post(client, file.getvalue(), frames="all", size=256)
    assert len(answer.content) > 4 * 1024**2
    assert len([*frames(answer.content)]) == 45


@pytest.mark.parametrize("still", [encoded(photo()), encoded(photo(), "GIF"), encoded(photo(), "JPEG")])
def test_what_stands_still_is_painted_as_always(client: TestClient, still: bytes) -> None:
    always, asked = post(client, still), post(client, still, frames="all")
    assert asked.content == always.content and asked.headers["etag"] == always.headers["etag"]


def test_without_being_asked_for_all_the_first_frame_is_painted(client: TestClient) -> None:
    answer = post(client, animated())
    assert answer.headers["content-type"] == "image/png" and len([*frames(answer.content)]) == 1
    assert answer.headers["etag"] != post(client, animated(), frames="all").headers["etag"]


def test_who_has_it_already_is_not_sent_it_again(client: TestClient) -> None:
    form, files = {"style": "starry-night", "frames": "all"}, {"image": ("photo", animated())}
    tag = client.post("/v1/stylize", data=form, files=files).headers["etag"]
    assert client.post("/v1/stylize", data=form, files=files, headers={"If-None-Match": tag}).status_code == 304


def test_more_than_somebody_waits_for_is_sent_to_where_films_are_painted(small: TestClient) -> None:
    assert post(small, animated(6), frames="all").status_code == 200
    refused = post(small, animated(7), frames="all")
    assert (refused.status_code, problem_code(refused)) == (413, "video_too_long")
    assert "7 frames of 64 × 48 have 21,504 pixels" in refused.json()["detail"]
    assert "POST /v1/videos" in refused.json()["detail"]
    assert post(small, animated(7), frames="all", size=44).status_code == 200


def test_the_limits_of_films_are_those_of_photos_that_move(settings: Settings) -> None:
    few = settings.model_copy(update={"video_max_frames": 3, "video_max_pixels": 64 * 48})
    with TestClient(create_app(few)) as client:
        assert "has 4 frames; at most 3" in post(client, animated(), frames="all").json()["detail"]
        wide = moving(io.BytesIO(), panned(2, width=80), format="GIF").getvalue()
        assert "frames of 80 × 48 pixels" in post(client, wide, frames="all").json()["detail"]
        assert post(client, wide).status_code == 200


def test_what_will_not_be_painted_in_time_is_given_up_when_its_first_frames_tell(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[Tensor] = []
    keep = Continuity.keep

    def slow(continuity: Continuity, photo: Picture, vector: Tensor, painting: Picture) -> Picture:
        painted.append(photo.pixels)
        threading.Event().wait(0.2)
        return keep(continuity, photo, vector, painting)

    monkeypatch.setattr(Continuity, "keep", slow)
    with TestClient(create_app(settings.model_copy(update={"deadline": 2}))) as client:
        refused = post(client, animated(40), frames="all")
    assert (refused.status_code, problem_code(refused)) == (504, "deadline_exceeded")
    assert "not all frames can be painted within 2 seconds" in refused.json()["detail"]
    assert "POST /v1/videos" in refused.json()["detail"]
    assert len(painted) == 4


@pytest.mark.parametrize(
    ("image", "form", "status", "code", "words"),
    [
        (animated(), {"region": '{"ellipse": {"center": [0, 0], "radii": [1, 1]}, "weights": {"great-wave": 1}}'}, 422,
         "invalid_request", "without regions"),
        (animated(), {"photorealistic": "true"}, 422, "invalid_request", "or photorealistic"),
        (animated()[:-200], {}, 400, "undecodable_video", "the photo is cut short or broken at frame 4"),
        (animated(), {"size": 300}, 422, "invalid_request", "at most 256 pixels"),
        (animated(), {"size": 40}, 422, "image_too_small", "at least 32"),
        (b"GIF89a", {}, 400, "undecodable_image", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    client: TestClient, image: bytes, form: dict[str, Any], status: int, code: str, words: str
) -> None:
    refused = post(client, image, frames="all", **form)
    assert (refused.status_code, problem_code(refused)) == (status, code), refused.text
    assert words in refused.json()["detail"]


@pytest.mark.parametrize("client", ["process"], indirect=True)  # from which the packages are taken
def test_without_the_packages_of_films_it_says_which(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PACKAGES", ("av", "no_such_package"))
    refused = post(client, animated(), frames="all")
    assert (refused.status_code, problem_code(refused)) == (403, "videos_off")
    assert "pip install 'impasto[video]'" in refused.json()["detail"]
    assert post(client, encoded(photo()), frames="all").status_code == 200
