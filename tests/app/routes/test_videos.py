"""Asking for a film over HTTP. No worker is running: what is queued stays queued."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from impasto.app.jobs.requests import VideoRequest
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.video import packages
from impasto.model.video.packages import PackagesMissing
from tests.films import animated, filmed
from tests.pictures import encoded, photo

FILM = filmed()


@pytest.fixture
def own_settings(settings: Settings, tmp_path: Path) -> Settings:
    chosen = {
        "videos": True,
        "video_max_bytes": 1_000_000,
        "video_max_seconds": 3,
        "video_max_frames": 25,
        "video_max_pixels": 10_000,
        "loss_network": tmp_path / "none",  # which films need not
        "worker": "external",
    }
    return settings.model_copy(update={"data_dir": tmp_path / "data", "job_queue_size": 2, **chosen})


@pytest.fixture
def service(own_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own_settings)) as client:
        yield client


def ask(
    service: TestClient, video: bytes = FILM, *, name: str = "film.mp4", key: str | None = None, **form: Any
) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    data = {"style": "starry-night", **form}
    return service.post("/v1/videos", data=data, files={"video": (name, video)}, headers=headers)


def kept(settings: Settings) -> list[str]:
    """The files of all jobs."""
    folder = settings.video_folder
    return sorted(f"{path.parent.name}/{path.name}" for path in folder.glob("*/*")) if folder.exists() else []


def test_a_film_is_kept_on_disk_and_accepted_as_a_job(service: TestClient, own_settings: Settings) -> None:
    answer = ask(service)
    assert answer.status_code == 202
    job = answer.json()
    assert (job["kind"], job["state"], job["style"]) == ("paint_video", "queued", None)
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert kept(own_settings) == [f"{job['id']}/film"]
    assert (own_settings.video_folder / job["id"] / "film").read_bytes() == FILM
    assert service.get(f"{answer.headers['location']}/result").json()["code"] == "not_ready"
    assert service.delete(answer.headers["location"]).json()["state"] == "cancelled"
    assert kept(own_settings) == []
    assert service.get(f"{answer.headers['location']}/result").json()["code"] == "no_result"


def test_the_job_is_told_what_was_asked_for(
    service: TestClient, submitted: list[VideoRequest], tiny_checkpoint: Checkpoint
) -> None:
    blend: dict[str, Any] = {"style": ["starry-night", "great-wave"], "weight": "0.25"}
    ask(service, **blend, to="the-scream", strength=0.5, preserve_color=True, stroke="native", flow=True, format="webm")
    (request,) = submitted
    first, last = (np.frombuffer(vector, np.float32) for vector in request.vectors)
    styles = tiny_checkpoint.styles
    np.testing.assert_array_equal(first, styles.blend({"starry-night": 0.25, "great-wave": 0.75}))
    np.testing.assert_array_equal(last, styles.blend({"the-scream": 1}))
    assert request.look == {"strength": 0.5, "preserve_color": True, "stroke": "native"}
    assert (request.flow, request.format) == (True, "webm")


def test_it_is_written_as_its_name_ends_if_nothing_is_said(service: TestClient, submitted: list[VideoRequest]) -> None:
    ask(service, animated(), name="dance.GIF")
    ask(service, filmed(container="avi"), name="film.avi")
    assert [request.format for request in submitted] == ["gif", "mp4"]
    assert [len(request.vectors) for request in submitted] == [1, 1]


def test_the_small_network_is_asked_for_by_name(
    service: TestClient, submitted: list[VideoRequest], tiny_checkpoint: Checkpoint
) -> None:
    ask(service, network="small")
    assert tiny_checkpoint.small is not None
    assert len(submitted[0].vectors[0]) == 4 * tiny_checkpoint.small.network.style_size


@pytest.mark.parametrize(
    ("video", "status", "code", "words"),
    [
        (b"", 400, "undecodable_video", "the film is no film, or a broken one"),
        (b"text", 400, "undecodable_video", "the film is no film, or a broken one"),
        (FILM[: len(FILM) // 2], 400, "undecodable_video", "the film"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 400, "undecodable_video", "the film is no film"),
        (b"ffconcat version 1.0\nfile film\n", 400, "undecodable_video", "the film is no film"),
        (filmed(31), 413, "video_too_long", "the film takes 0:03 min; at most 0:03 min"),
        (filmed(26), 413, "video_too_long", "the film has 26 frames; at most 25"),
        (filmed(2, width=128, height=96), 413, "video_too_long", "the film: frames of 128 × 96 pixels; at most 10,000"),
        (filmed(2, width=24, height=24), 422, "image_too_small", "at least 32"),
        (filmed(hdr=True), 415, "unsupported_video", "high dynamic range, PQ"),
        (encoded(photo()), 415, "unsupported_video", "the film is a single picture"),
        (animated()[:-200], 400, "undecodable_video", "the film is cut short"),
        (animated(26), 413, "video_too_long", "26 frames"),
    ],
)
def test_what_is_no_film_or_too_large_a_one_is_refused_before_it_is_a_job_and_nothing_is_kept(
    service: TestClient, own_settings: Settings, video: bytes, status: int, code: str, words: str
) -> None:
    answer = ask(service, video)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert words in answer.json()["detail"]
    assert str(own_settings.data_dir) not in answer.text
    assert kept(own_settings) == []


def test_a_sound_that_the_format_does_not_hold_is_refused_by_name(service: TestClient) -> None:
    answer = ask(service, filmed(sound="aac"), format="webm")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_video")
    assert "format=webm" in answer.json()["detail"] and "aac" in answer.json()["detail"]
    assert ask(service, filmed(sound="aac")).status_code == 202


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"style": "none"}, 404, "unknown_style"),
        ({"to": "none"}, 404, "unknown_style"),
        ({"weight": [0.5, 0.6]}, 422, "invalid_weights"),
        ({"to": "great-wave", "to_weight": 0.5}, 422, "invalid_weights"),
        ({"style": []}, 422, "missing_field"),
        ({"stroke": 9}, 422, "invalid_field"),
        ({"format": "avi"}, 422, "invalid_field"),
    ],
)
def test_what_cannot_be_is_refused(service: TestClient, form: dict[str, Any], status: int, code: str) -> None:
    answer = ask(service, **form)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_more_bytes_than_a_film_may_have_are_refused_and_more_than_a_photo_may_have_are_not(
    service: TestClient,
) -> None:
    long = FILM + bytes(300_000)  # which a photo may not have, and FFmpeg does not mind
    assert ask(service, long).status_code == 202
    answer = ask(service, FILM + bytes(1_000_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_bytes")
    photo = service.post("/v1/stylize", data={"style": "starry-night"}, files={"image": ("photo", long)})
    assert (photo.status_code, photo.json()["code"]) == (413, "too_many_bytes")


def test_it_is_off_until_it_is_let(settings: Settings, tmp_path: Path) -> None:
    with TestClient(create_app(settings.model_copy(update={"data_dir": tmp_path}))) as service:
        answer, long = ask(service), ask(service, FILM + bytes(300_000))
        assert service.get("/v1/info").json()["video"] is None
    assert (answer.status_code, answer.json()["code"]) == (403, "videos_off")
    assert "IMPASTO_VIDEOS=true" in answer.json()["detail"]
    assert (long.status_code, long.json()["code"]) == (413, "too_many_bytes")


def test_a_service_without_the_packages_of_films_does_not_start(
    own_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "PACKAGES", ("av", "no_such_package"))
    create_app(own_settings.model_copy(update={"videos": False}))
    with pytest.raises(PackagesMissing, match=r"pip install 'impasto\[video\]'"):
        create_app(own_settings)


def test_info_says_what_may_be_asked_for(service: TestClient) -> None:
    told = service.get("/v1/info").json()["video"]
    assert told == {
        "max_bytes": 1_000_000,
        "max_seconds": 3,
        "max_frames": 25,
        "max_pixels": 10_000,
        "writes": ["mp4", "mov", "mkv", "webm", "gif", "webp", "png", "avif"],
    }


def test_the_same_key_is_the_same_job_and_keeps_one_film(service: TestClient, own_settings: Settings) -> None:
    first, again = ask(service, key="k"), ask(service, key="k")
    assert first.json()["id"] == again.json()["id"]
    assert ask(service, key="k", flow=True).json()["code"] == "idempotency_key_reused"
    assert ask(service, filmed(9), key="k").json()["code"] == "idempotency_key_reused"
    assert kept(own_settings) == [f"{first.json()['id']}/film"]


def test_a_full_queue_refuses_films_too_and_keeps_none_of_them(service: TestClient, own_settings: Settings) -> None:
    for _ in range(2):
        assert ask(service).status_code == 202
    refused = ask(service)
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert len(kept(own_settings)) == 2


def test_probes_are_answered_while_a_film_is_looked_through(
    service: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        begun.set()
        assert go_on.wait(30)

    monkeypatch.setattr("impasto.app.routes.videos.look_through", slow)
    asking = threading.Thread(target=ask, args=[service])
    asking.start()
    assert begun.wait(30)
    assert service.get("/healthz").status_code == 200
    go_on.set()
    asking.join()
