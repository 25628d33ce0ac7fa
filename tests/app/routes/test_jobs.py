"""Asking for a new style over HTTP. No worker is running: what is queued stays queued."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from impasto.app.jobs.jobs import Jobs
from impasto.app.main import create_app
from impasto.app.settings import Settings
from tests.pictures import encoded, painting, photo, png_claiming

PAINTING = encoded(painting())


@pytest.fixture
def own_settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path / "data", "job_queue_size": 2})


@pytest.fixture
def service(own_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own_settings)) as client:
        yield client


def ask(service: TestClient, image: bytes = PAINTING, key: str | None = None, **form: str) -> Any:
    form = {"id": "my-style", **form}
    headers = {"Idempotency-Key": key} if key else {}
    return service.post("/v1/styles", data=form, files={"image": ("painting", image)}, headers=headers)


def test_a_painting_is_accepted_as_a_job(service: TestClient) -> None:
    answer = ask(service, title="My Style", artist="Zoë")
    assert answer.status_code == 202
    job = answer.json()
    assert (job["state"], job["style"], job["step"], job["verdict"]) == ("queued", "my-style", 0, None)
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert service.get(answer.headers["location"]).json() == job


def test_how_well_it_is_fitted_is_told_and_nothing_is_predicted_without_a_predictor(
    service: TestClient, own_settings: Settings, predicting_checkpoint_file: Path, submitted: list[Any]
) -> None:
    for fit in ("none", "quick"):
        answer = ask(service, fit=fit)
        assert (answer.status_code, answer.json()["code"]) == (422, "no_predictor")
    assert ask(service, fit="full").status_code == 202
    assert ask(service, fit="much").json()["code"] == "invalid_field"
    predicting = own_settings.model_copy(update={"checkpoint": predicting_checkpoint_file, "job_queue_size": 9})
    with TestClient(create_app(predicting)) as other:
        for fit in ("none", "quick", "full"):
            assert ask(other, id=fit + "-style", fit=fit).status_code == 202
    assert [each.fit for each in submitted] == ["full", "none", "quick", "full"]


@pytest.mark.parametrize(
    ("image", "status", "code"),
    [
        (b"", 400, "undecodable_image"),
        (b"just text", 400, "undecodable_image"),
        (PAINTING[:-200], 400, "undecodable_image"),
        (encoded(Image.new("RGB", (200, 200)), "BMP"), 415, "unsupported_format"),
        (png_claiming(60_000, 60_000), 413, "too_many_pixels"),
        (encoded(painting(height=100, width=300)), 422, "unusable_painting"),
        (encoded(Image.new("RGB", (300, 300), (200, 30, 30))), 422, "unusable_painting"),
        (encoded(Image.new("RGBA", (300, 300), (200, 30, 30, 0))), 422, "unusable_painting"),
    ],
)
def test_a_picture_that_is_no_painting_is_refused(service: TestClient, image: bytes, status: int, code: str) -> None:
    answer = ask(service, image)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ask(service).status_code == 202  # the id was not taken by it


def test_a_painting_of_many_pixels_is_taken_where_it_is_allowed(own_settings: Settings) -> None:
    result = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (400, 500, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((5000, 4000)).save(result, "JPEG", quality=50)
    roomy = own_settings.model_copy(update={"max_pixels": 50_000_000, "max_upload_bytes": 25_000_000})
    with TestClient(create_app(roomy)) as service:
        assert ask(service, result.getvalue()).status_code == 202


@pytest.mark.parametrize(
    ("style_id", "status", "code"),
    [
        ("My Style", 422, "invalid_request"),
        ("a" * 65, 422, "invalid_request"),
        ("../etc", 422, "invalid_request"),
        ("", 422, "missing_field"),
        ("photo", 422, "invalid_request"),
        ("great-wave", 409, "style_exists"),
    ],
)
def test_an_id_that_cannot_be_is_refused(service: TestClient, style_id: str, status: int, code: str) -> None:
    answer = ask(service, id=style_id)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_same_key_is_the_same_job(service: TestClient) -> None:
    first, again = ask(service, key="k"), ask(service, key="k")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    answer = ask(service, key="k", title="Other")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_how_well_it_is_fitted_is_part_of_what_a_key_stands_for(
    own_settings: Settings, predicting_checkpoint_file: Path
) -> None:
    with TestClient(create_app(own_settings.model_copy(update={"checkpoint": predicting_checkpoint_file}))) as service:
        first, again = ask(service, key="k"), ask(service, key="k", fit="full")
        assert again.json()["id"] == first.json()["id"]
        answer = ask(service, key="k", fit="none")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_second_fit_of_an_id_is_refused_while_the_first_one_waits(service: TestClient) -> None:
    job = ask(service).headers["location"]
    answer = ask(service)
    assert (answer.status_code, answer.json()["code"]) == (409, "fit_running")
    assert service.delete(job).json()["state"] == "cancelled"
    assert ask(service).status_code == 202


def test_a_full_queue_says_when_to_come_back(service: TestClient) -> None:
    for style_id in ("a", "b"):
        ask(service, id=style_id)
    answer = ask(service, id="c")
    assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_job_that_has_ended_cannot_be_cancelled(service: TestClient) -> None:
    job = ask(service).headers["location"]
    service.delete(job)
    answer = service.delete(job)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_finished")


def test_events_tell_how_a_job_ended(service: TestClient) -> None:
    job = ask(service).headers["location"]
    service.delete(job)
    answer = service.get(f"{job}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: cancelled" in answer.text
    assert service.get(f"{job}/preview").json()["code"] == "not_ready"


@pytest.mark.parametrize("path", ["", "/events", "/preview"])
def test_an_unknown_job_is_not_found(service: TestClient, path: str) -> None:
    answer = service.get(f"/v1/jobs/nowhere{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


def test_without_the_loss_network_it_says_what_to_do(without_loss_network: TestClient, own_settings: Settings) -> None:
    answer = ask(without_loss_network)
    assert (answer.status_code, answer.json()["code"]) == (503, "loss_network_missing")
    assert "impasto fetch" in answer.json()["detail"]
    files = {"image": ("photo.png", encoded(photo()))}
    assert without_loss_network.post("/v1/stylize", data={"style": "great-wave"}, files=files).status_code == 200
    own_settings.data_dir.mkdir(exist_ok=True)
    own_settings.loss_network_file.touch()
    assert ask(without_loss_network).status_code == 202


def test_without_a_database_a_fit_is_refused(own_settings: Settings) -> None:
    (own_settings.data_dir / "impasto.db").mkdir(parents=True)
    with TestClient(create_app(own_settings)) as service:
        answer = ask(service)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("job_id", ["%00", "%ff", "a%00b", "x" * 65, "%F0%9F%98%80", "a b"])
def test_what_can_be_no_job_is_unknown_and_no_database_is_asked(service: TestClient, job_id: str) -> None:
    nowhere = Jobs("postgresql://somebody@127.0.0.1:1/none", "network", queue_size=1)
    service.app.state.jobs = nowhere  # type: ignore[attr-defined]
    for answer in (service.get(f"/v1/jobs/{job_id}"), service.delete(f"/v1/jobs/{job_id}")):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


def test_an_idempotency_key_left_empty_is_none(service: TestClient) -> None:
    form, files = {"id": "my-style"}, {"image": ("painting", PAINTING)}
    answers = [service.post("/v1/styles", data=form, files=files, headers={"Idempotency-Key": ""}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 409]


def test_jobs_stand_in_a_folder_of_any_name(own_settings: Settings, tmp_path: Path) -> None:
    with TestClient(create_app(own_settings.model_copy(update={"data_dir": tmp_path / "100%20 #1?"}))) as service:
        assert ask(service).status_code == 202
        assert service.get("/v1/styles").status_code == 200
    assert [each.name for each in tmp_path.iterdir()] == ["100%20 #1?"]
