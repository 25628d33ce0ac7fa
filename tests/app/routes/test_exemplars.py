"""Asking for textures, transfers and analogies over HTTP. No worker is running: what is queued stays queued."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from impasto.app.jobs.exemplars import plan_of
from impasto.app.jobs.requests import ExemplarRequest
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.exemplar.config import AnalogyConfig, CoherenceConfig, QuiltingConfig, SamplingConfig, TransferConfig
from impasto.model.exemplar.plan import AnalogyPlan, TexturePlan, TransferPlan
from tests.pictures import encoded, opened, painting, photo, png_claiming

EXEMPLAR, PHOTO = encoded(painting(height=48, width=64)), encoded(photo(height=60, width=80), "JPEG")
FILES: dict[str, dict[str, bytes]] = {
    "textures": {"image": EXEMPLAR},
    "transfers": {"image": PHOTO, "texture": EXEMPLAR},
    "analogies": {"a": PHOTO, "a_prime": PHOTO, "b": EXEMPLAR},
}
KINDS = {"textures": "make_texture", "transfers": "transfer_texture", "analogies": "make_analogy"}


@pytest.fixture
def own_settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path / "data", "job_queue_size": 2, "max_size": 1024})


@pytest.fixture
def service(own_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own_settings)) as client:
        yield client


def ask(service: TestClient, route: str, *, key: str | None = None, accept: str = "*/*", **form: Any) -> Any:
    """form: fields, and files in the place of those that are sent else."""
    files = {name: form.pop(name, file) for name, file in FILES[route].items()}
    headers = {"Accept": accept, **({"Idempotency-Key": key} if key else {})}
    return service.post(f"/v1/{route}", data=form, files=files, headers=headers)


@pytest.mark.parametrize("route", FILES)
def test_it_is_a_job_that_is_followed_and_cancelled(service: TestClient, route: str) -> None:
    answer = ask(service, route)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["kind"], job["state"], job["style"]) == (KINDS[route], "queued", None)
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert service.get(answer.headers["location"]).json() == job
    assert service.delete(answer.headers["location"]).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("route", "form", "plan"),
    [
        ("textures", {}, TexturePlan(512, 512, QuiltingConfig())),
        ("textures", {"method": "sampling"}, TexturePlan(512, 512, SamplingConfig())),
        ("textures", {"method": "coherence", "passes": 2, "seed": 5}, TexturePlan(512, 512, CoherenceConfig(5, 2), 5)),
        (
            "textures",
            {"block": 12, "overlap": 4, "tolerance": 0.2, "size": 60, "width": 30, "height": 20},
            TexturePlan(20, 30, QuiltingConfig(12, 4, 0.2, 60)),
        ),
        ("transfers", {}, TransferPlan(TransferConfig())),
        (
            "transfers",
            {"block": 9, "passes": 4, "size": 70, "texture_size": 40, "seed": 3},
            TransferPlan(TransferConfig(9, None, 0.1, 4, 70, 40), 3),
        ),
        ("analogies", {}, AnalogyPlan(AnalogyConfig())),
        (
            "analogies",
            {"kappa": 5, "compare": "color", "levels": 2, "keep_color": True, "size": 40},
            AnalogyPlan(AnalogyConfig(5, "color", 2, 40), keep_color=True),
        ),
    ],
)
def test_the_job_is_told_what_was_asked_for_and_what_was_not_is_as_commands_have_it(
    service: TestClient, submitted: list[ExemplarRequest], route: str, form: dict[str, Any], plan: object
) -> None:
    assert ask(service, route, **form).status_code == 202
    (request,) = submitted
    assert plan_of(request.kind, request.options) == plan


def test_pictures_are_sent_as_large_as_they_are_used_and_upright(
    service: TestClient, submitted: list[ExemplarRequest]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = encoded(Image.fromarray(photo(height=60, width=80)), "JPEG", exif=exif)
    ask(service, "transfers", image=lying, size=40, texture_size=40, block=9)
    ask(service, "analogies", size=20)
    assert [opened(file).size for file in submitted[0].pictures] == [(30, 40), (40, 30)]
    assert [opened(file).size for file in submitted[1].pictures] == [(20, 15), (20, 15), (20, 15)]


@pytest.mark.parametrize(
    ("form", "accept", "written"),
    [({}, "*/*", "jpeg"), ({"format": "webp"}, "image/png", "webp"), ({}, "image/png", "png")],
)
def test_it_is_written_as_wanted_else_as_the_picture_that_it_is_like(
    service: TestClient, submitted: list[ExemplarRequest], form: dict[str, Any], accept: str, written: str
) -> None:
    ask(service, "transfers", accept=accept, **form)
    ask(service, "analogies", b=PHOTO, accept=accept, **form)
    ask(service, "textures", image=PHOTO, accept=accept, **form)
    assert [request.format for request in submitted] == [written] * len(submitted) and submitted


@pytest.mark.parametrize(
    ("route", "form", "code", "fault"),
    [
        ("textures", {"method": "best"}, "invalid_field", "method"),
        ("textures", {"width": 0}, "invalid_field", "width"),
        ("textures", {"width": 1025}, "invalid_request", "1025 × 512 pixels; this service makes at most 1024"),
        ("textures", {"window": 7}, "invalid_request", "window: quilting has no such thing, but block"),
        ("textures", {"method": "sampling", "window": 8}, "invalid_request", "odd number"),
        ("textures", {"method": "coherence", "block": 8}, "invalid_request", "block: coherence has no such thing"),
        ("textures", {"block": 12, "overlap": 7}, "invalid_request", "overlap by 1 to 6, not 7"),
        ("textures", {"block": 50}, "image_too_small", "64 × 48 pixels, fewer than the 50 × 50"),
        ("textures", {"block": 10**9}, "image_too_small", "64 × 48 pixels, fewer than"),
        ("textures", {"tolerance": "nan"}, "invalid_field", "tolerance"),
        ("transfers", {"block": 50}, "image_too_small", "64 × 48 pixels, fewer than the 50 × 50"),
        ("transfers", {"passes": 0}, "invalid_field", "passes"),
        ("analogies", {"kappa": "inf"}, "invalid_field", "kappa"),
        ("analogies", {"a": EXEMPLAR}, "invalid_request", "A has 64 × 48 pixels and A′ 80 × 60"),
    ],
)
def test_what_cannot_be_is_refused_and_told_why(
    service: TestClient, route: str, form: dict[str, Any], code: str, fault: str
) -> None:
    answer = ask(service, route, **form)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert fault in answer.json()["detail"]


@pytest.mark.parametrize("route", FILES)
def test_a_file_that_is_no_picture_or_too_large_is_refused(service: TestClient, route: str) -> None:
    for name in FILES[route]:
        text: dict[str, Any] = {name: b"text"}
        answer = ask(service, route, **text)
        assert (answer.status_code, answer.json()["code"]) == (400, "undecodable_image")
        large: dict[str, Any] = {name: png_claiming(900, 900)}
        answer = ask(service, route, **large)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_many_pixels")


def test_what_takes_too_long_is_refused_by_its_sizes_alone(own_settings: Settings) -> None:
    generous = own_settings.model_copy(update={"max_pixels": 100_000_000, "max_size": None})
    huge = png_claiming(9_000, 9_000)  # and nothing in it that could be decoded
    with TestClient(create_app(generous)) as service:
        answer = ask(service, "analogies", a=huge, a_prime=huge, b=huge, size=9_000)
        sampled = ask(service, "textures", image=huge, method="sampling", size=9_000)
    for each in (answer, sampled):
        assert (each.status_code, each.json()["code"]) == (422, "too_much_work")
        assert "9000 × 9000" in each.json()["detail"] and "at most 120 s" in each.json()["detail"]
    assert "an analogy of 9000 × 9000 pixels" in answer.json()["detail"]


def test_a_service_without_the_loss_network_takes_them(without_loss_network: TestClient) -> None:
    assert ask(without_loss_network, "textures").status_code == 202
    fit = without_loss_network.post("/v1/styles", data={"id": "my-style"}, files={"image": encoded(painting())})
    assert fit.json()["code"] == "loss_network_missing"


def test_the_same_key_is_the_same_job(service: TestClient) -> None:
    first, again = ask(service, "textures", key="k"), ask(service, "textures", key="k")
    assert first.json()["id"] == again.json()["id"]
    assert ask(service, "textures", key="k", seed=1).json()["code"] == "idempotency_key_reused"
    assert ask(service, "transfers", key="k").json()["code"] == "idempotency_key_reused"


def test_the_queue_is_that_of_all_jobs(service: TestClient) -> None:
    assert [ask(service, route).status_code for route in FILES] == [202, 202, 429]


def test_info_says_what_may_be_asked_for(service: TestClient) -> None:
    assert service.get("/v1/info").json()["exemplars"] == {"max_seconds": 120}


def test_there_is_no_result_before_the_end_nor_without_one(service: TestClient) -> None:
    job = ask(service, "textures").headers["location"]
    assert service.get(f"{job}/result").json()["code"] == "not_ready"
    service.delete(job)
    answer = service.get(f"{job}/result")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_result")
    assert "cancelled" in answer.json()["detail"]
