"""What Prometheus is told."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.app.version import VERSION
from impasto.model.network.checkpoint import Checkpoint
from tests.pictures import encoded, photo

FORM = {"style": "great-wave"}
REQUESTS = "http_server_request_duration_seconds"
NAMES = {
    REQUESTS,
    "impasto_stage_duration_seconds",
    "impasto_queue_requests",
    "impasto_queue_pixels",
    "impasto_batch_pictures",
    "impasto_painted_pixels",
    "impasto_rejections",
    "impasto_jobs",
    "impasto_device_memory_bytes",
    "impasto_build_info",
    "process_resident_memory_bytes",
}


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(settings.model_copy(update={"data_dir": tmp_path}))) as client:
        yield client


Value = Callable[..., float]


@pytest.fixture
def value(service: TestClient) -> Value:
    """The value of a sample now; 0 while there is none."""

    def read(name: str, **labels: str) -> float:
        families = text_string_to_metric_families(service.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    return read


def files(side: int = 64) -> dict[str, tuple[str, bytes]]:
    return {"image": ("photo.png", encoded(photo(height=side, width=side)))}


def test_every_metric_is_there_as_prometheus_reads_it(service: TestClient) -> None:
    answer = service.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert {family.name for family in text_string_to_metric_families(answer.text)} >= NAMES


def test_it_says_what_is_running(value: Value, tiny_checkpoint: Checkpoint) -> None:
    labels = {"version": VERSION, "network": tiny_checkpoint.network_id, "device": "cpu", "precision": "float32"}
    assert value("impasto_build_info", **labels) == 1
    assert value("impasto_device_memory_bytes") > 10_000_000


def test_a_painting_is_counted_and_timed_by_stage(service: TestClient, value: Value) -> None:
    route = {"http_request_method": "POST", "http_route": "/v1/stylize", "http_response_status_code": "200"}
    painted, batches = value("impasto_painted_pixels_total"), value("impasto_batch_pictures_count")
    answer = service.post("/v1/stylize", data=FORM, files=files())
    assert answer.status_code == 200
    assert value(f"{REQUESTS}_count", **route) == 1
    assert value("impasto_painted_pixels_total") == painted + 64 * 64
    assert value("impasto_batch_pictures_count") == batches + 1
    assert value("impasto_queue_requests") == value("impasto_queue_pixels") == 0
    for stage in ("decode", "queue", "inference", "encode"):
        assert stage in answer.headers["server-timing"]
        assert value("impasto_stage_duration_seconds_count", stage=stage) == 1
        assert value("impasto_stage_duration_seconds_sum", stage=stage) > 0


def test_the_queue_is_told_as_it_is(service: TestClient, value: Value) -> None:
    with service.app.state.painter.place():  # type: ignore[attr-defined]
        assert value("impasto_queue_requests") == 1


def test_whatever_is_refused_is_counted_by_its_code(service: TestClient, value: Value) -> None:
    service.post("/v1/stylize", data={"style": "nobody"}, files=files())
    service.post("/v1/stylize", data=FORM, files={"image": ("photo.png", b"no picture")})
    service.post("/v1/stylize", content=b"x" * 300_000)
    service.post("/v1/stylize")
    service.get("/nowhere")
    for code in ("unknown_style", "undecodable_image", "too_many_bytes", "missing_field", "not_found"):
        assert value("impasto_rejections_total", code=code) == 1


def test_a_fault_is_counted_too(service: TestClient, value: Value, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("impasto.app.routes.styles._info", broken)
    with pytest.raises(RuntimeError):
        service.get("/v1/styles")
    assert value("impasto_rejections_total", code="internal_error") == 1
    assert value(f"{REQUESTS}_count", http_route="/v1/styles", http_response_status_code="500") == 1


def test_no_word_of_a_client_becomes_a_label(service: TestClient) -> None:
    service.get("/v1/styles/secret-style")
    service.get("/secret-path")
    service.request("SECRET", "/v1/styles")
    text = service.get("/metrics").text
    assert "secret" not in text.lower()
    assert 'http_route="/v1/styles/{style_id}"' in text and 'http_request_method="_OTHER"' in text


def test_jobs_are_counted_by_kind_and_state(service: TestClient, value: Value) -> None:
    assert value("impasto_jobs") == 0
    job = service.post("/v1/styles", data={"id": "my-style"}, files=files(128)).json()["id"]
    assert value("impasto_jobs", kind="fit_style", state="queued") == 1
    service.delete(f"/v1/jobs/{job}")
    assert value("impasto_jobs", kind="fit_style", state="queued") == 0
    assert value("impasto_jobs", kind="fit_style", state="cancelled") == 1


@pytest.fixture
def address() -> str:
    """An address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_a_database_that_is_gone_takes_along_the_number_of_jobs_and_nothing_else(
    settings: Settings, address: str
) -> None:
    nowhere = {"database_url": "sqlite:////proc/nowhere/impasto.db", "metrics_address": address}
    with TestClient(create_app(settings.model_copy(update=nowhere))):
        text = httpx2.get(f"http://{address}/metrics").text
    assert NAMES - {family.name for family in text_string_to_metric_families(text)} == {"impasto_jobs"}


def test_they_can_have_an_address_of_their_own(settings: Settings, address: str) -> None:
    with TestClient(create_app(settings.model_copy(update={"metrics_address": address}))) as client:
        assert client.get("/metrics").status_code == 404
        names = {family.name for family in text_string_to_metric_families(httpx2.get(f"http://{address}/metrics").text)}
        assert names >= NAMES
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://{address}/metrics")
