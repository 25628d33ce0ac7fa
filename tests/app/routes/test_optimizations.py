"""Asking for a picture by optimisation over HTTP. No worker is running: what is queued stays queued."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from impasto.app.jobs.requests import OptimizationRequest
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.optimization.config import Stop, TransferConfig
from tests.pictures import encoded, opened, painting, photo, png_claiming

PHOTO, PAINTING = encoded(photo(height=150, width=200), "JPEG"), encoded(painting())


@pytest.fixture
def own_settings(settings: Settings, tmp_path: Path) -> Settings:
    chosen = {"optimizations": True, "optimization_max_size": 128, "optimization_max_steps": 50}
    return settings.model_copy(update={"data_dir": tmp_path / "data", "job_queue_size": 2, **chosen})


@pytest.fixture
def service(own_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own_settings)) as client:
        yield client


def ask(
    service: TestClient,
    *,
    image: bytes = PHOTO,
    paintings: tuple[bytes, ...] = (PAINTING,),
    key: str | None = None,
    accept: str = "*/*",
    **form: Any,
) -> Any:
    files = [("image", ("photo", image)), *(("painting", ("painting", each)) for each in paintings)]
    headers = {"Accept": accept, **({"Idempotency-Key": key} if key else {})}
    return service.post("/v1/optimizations", data={"steps": 20, **form}, files=files, headers=headers)


def test_a_photo_and_a_painting_are_accepted_as_a_job(service: TestClient) -> None:
    answer = ask(service)
    assert answer.status_code == 202
    job = answer.json()
    assert (job["kind"], job["state"], job["style"]) == ("optimize", "queued", None)
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert service.get(answer.headers["location"]).json() == job
    assert service.delete(answer.headers["location"]).json()["state"] == "cancelled"


def test_the_job_is_told_what_was_asked_for(service: TestClient, submitted: list[OptimizationRequest]) -> None:
    asked: dict[str, Any] = {"style_weight": 20, "start": "noise", "seed": 3, "method": "mrf"}
    ask(service, paintings=(PAINTING, PAINTING), weight=[0.3, 0.7], size=100, **asked)
    (request,) = submitted
    assert request.shares == pytest.approx((0.3, 0.7))
    assert request.options["steps"] == 20 and request.options.items() >= asked.items()
    assert opened(request.photo).size == (100, 75)
    assert request.paintings == (PAINTING, PAINTING)
    assert request.format == "jpeg"


def test_a_photo_is_at_most_as_large_as_allowed_and_written_as_wanted(
    service: TestClient, submitted: list[OptimizationRequest]
) -> None:
    ask(service)
    ask(service, accept="image/webp")
    assert opened(submitted[0].photo).size == (128, 96)
    assert [request.format for request in submitted] == ["jpeg", "webp"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"size": 129}, "invalid_request"),
        ({"steps": 51}, "invalid_request"),
        ({"steps": 0}, "invalid_field"),
        ({"weight": [0.5, 0.5]}, "invalid_request"),
        ({"weight": [0.5]}, "invalid_weights"),
        ({"style_weight": -1}, "invalid_field"),
        ({"style_weight": "nan"}, "invalid_field"),
        ({"start": "end"}, "invalid_field"),
        ({"method": "best"}, "invalid_field"),
        ({"paintings": (PAINTING,) * 5}, "invalid_field"),
        ({"paintings": ()}, "missing_field"),
        ({"paintings": (encoded(painting(height=64, width=64)),)}, "unusable_painting"),
        ({"image": encoded(Image.new("RGB", (4, 4)))}, "image_too_small"),
    ],
)
def test_what_cannot_be_is_refused(service: TestClient, form: dict[str, Any], code: str) -> None:
    answer = ask(service, **form)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("image", "status", "code"),
    [(b"text", 400, "undecodable_image"), (png_claiming(60_000, 60_000), 413, "too_many_pixels")],
)
def test_a_file_that_is_no_picture_is_refused(service: TestClient, image: bytes, status: int, code: str) -> None:
    for files in ({"image": image}, {"paintings": (PAINTING, image)}):
        answer = ask(service, **files)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_it_is_off_until_it_is_let(settings: Settings, tmp_path: Path) -> None:
    with TestClient(create_app(settings.model_copy(update={"data_dir": tmp_path}))) as service:
        answer = ask(service)
    assert (answer.status_code, answer.json()["code"]) == (403, "optimizations_off")
    assert "IMPASTO_OPTIMIZATIONS=true" in answer.json()["detail"]


def test_info_says_what_may_be_asked_for(service: TestClient) -> None:
    assert service.get("/v1/info").json()["optimization"] == {"max_size": 128, "max_steps": 50, "max_paintings": 4}


def test_what_is_not_said_is_what_optimize_takes_too(service: TestClient, submitted: list[OptimizationRequest]) -> None:
    ask(service)
    options = dict(submitted[0].options)
    assert TransferConfig(stop=Stop(steps=options.pop("steps")), **options) == TransferConfig(stop=Stop(steps=20))


def test_the_same_key_is_the_same_job(service: TestClient) -> None:
    first, again = ask(service, key="k"), ask(service, key="k")
    assert first.json()["id"] == again.json()["id"]
    assert ask(service, key="k", steps=21).json()["code"] == "idempotency_key_reused"


def test_the_queue_is_shared_with_fits(service: TestClient) -> None:
    for _ in range(2):
        assert ask(service).status_code == 202
    fit = service.post("/v1/styles", data={"id": "my-style"}, files={"image": ("painting", PAINTING)})
    assert (fit.status_code, fit.json()["code"]) == (429, "queue_full")


def test_there_is_no_result_before_the_end_nor_after_another(service: TestClient) -> None:
    job = ask(service).headers["location"]
    answer = service.get(f"{job}/result")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["retry-after"]
    service.delete(job)
    answer = service.get(f"{job}/result")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_result")
    assert "cancelled" in answer.json()["detail"]
