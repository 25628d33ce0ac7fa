from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from torch import Tensor

from impasto.app.main import create_app
from impasto.app.painting.painter import Painter
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint, CheckpointError
from impasto.model.network.device import DeviceUnavailable
from impasto.model.video.packages import PACKAGES
from tests.processes import Process, command

ROOT = Path(__file__).parents[2]
API = ROOT / "docs" / "api.md"


def test_a_service_without_its_checkpoint_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        create_app(Settings(checkpoint=tmp_path / "none.safetensors"))


def test_a_service_with_a_damaged_checkpoint_does_not_start(tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    half = tmp_path / "half.safetensors"
    half.write_bytes(tiny_checkpoint_file.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match="damaged"):
        create_app(Settings(checkpoint=half))


def test_a_service_on_a_device_that_is_absent_does_not_start(settings: Settings) -> None:
    with pytest.raises(DeviceUnavailable, match="cuda:99"):
        create_app(settings.model_copy(update={"device": "cuda:99"}))


def test_both_networks_have_painted_before_anybody_asks(
    settings: Settings, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []

    async def watched(painter: Painter, vector: Tensor) -> None:
        await warm_up(painter, vector)
        painted.append(len(vector))

    warm_up = Painter.warm_up
    monkeypatch.setattr(Painter, "warm_up", watched)
    with TestClient(create_app(settings)):
        assert painted == [each.network.style_size for each in tiny_checkpoint.both]


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("CHECKPOINT", "none.safetensors", "no checkpoint at none.safetensors"),
        ("DEVICE", "cuda:99", "cuda:99"),
        ("PORT", "http", "IMPASTO_PORT"),
        ("DATABASE_URL", "localhost:5432/impasto", "IMPASTO_DATABASE_URL"),
        ("DATABASE_URL", "postgresql+psycopg2://host/name", "IMPASTO_DATABASE_URL"),
        ("HOST", "0.0.0.0", "`impasto keys add NAME --scope paint manage`, or let everyone in with IMPASTO_OPEN=true"),
    ],
)
def test_the_command_ends_with_one_clear_line_when_it_cannot_start(
    name: str, value: str, fault: str, tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    errors = tmp_path / "errors"
    common = {"checkpoint": tiny_checkpoint_file, "data_dir": tmp_path}
    assert command("serve", settings={**common, name.lower(): value}, errors=errors).wait() == 1
    (line,) = errors.read_text("utf-8").strip().splitlines()
    assert line.startswith("impasto serve: ") and fault in line


def tell_packages() -> None:
    """Which packages of films are imported, once all of service and worker is."""
    print([name for name in PACKAGES if name in sys.modules], file=sys.stderr)


def test_the_packages_of_films_are_imported_only_when_there_is_one(tmp_path: Path) -> None:
    Process(tell_packages, settings={}, errors=tmp_path / "told").wait()
    assert (tmp_path / "told").read_text("utf-8") == "[]\n"


def test_unknown_paths_and_methods_are_problems_too(client: TestClient) -> None:
    for response in (client.get("/v2/stylize"), client.put("/healthz")):
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] in {"not_found", "method_not_allowed"}


def test_a_fault_of_the_service_is_a_problem_with_the_request_id(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("impasto.app.routes.styles._info", broken)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        response = client.get("/v1/styles", headers={"X-Request-Id": "find-me"})
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert response.json()["request_id"] == response.headers["x-request-id"] == "find-me"
    assert "a bug" not in response.text


def test_the_openapi_document_has_every_route_with_examples_and_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    stylize = document["paths"]["/v1/stylize"]["post"]
    assert {"200", "400", "404", "413", "415", "422", "429", "503", "504"} <= set(stylize["responses"])
    written = {"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"}
    assert set(stylize["responses"]["200"]["content"]) == written
    assert "van-gogh-starry-night" in str(document["components"]["schemas"])
    for operations in document["paths"].values():
        for operation in operations.values():
            errors = [answer for status, answer in operation["responses"].items() if status >= "400"]
            assert all(list(answer["content"]) == ["application/problem+json"] for answer in errors)


def test_every_route_is_documented(client: TestClient) -> None:
    text = API.read_text()
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"`{path}`" in text or f" {path}`" in text, path
