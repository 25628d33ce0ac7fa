from __future__ import annotations

from fastapi.testclient import TestClient

from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint


def test_a_running_service_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200


def test_before_its_network_is_loaded_a_service_is_alive_but_not_ready(settings: Settings) -> None:
    client = TestClient(create_app(settings))  # never started
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", "/v1/info", "/v1/styles", "/v1/styles/the-scream/preview"):
        response = client.get(path)
        assert (response.status_code, response.json()["code"]) == (503, "not_ready")
        assert int(response.headers["retry-after"]) > 0


def test_info_says_what_the_service_is_and_allows(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    info = client.get("/v1/info").json()
    assert info["network_id"] == tiny_checkpoint.network_id
    assert (info["device"], info["precision"]) == ("cpu", "float32")
    assert (info["canonical_size"], info["painting_size"]) == (512, 64)
    assert info["styles"] == 3
    assert info["writes"] == ["jpeg", "png", "webp"]
    assert info["limits"] == {
        "max_upload_bytes": 200_000,
        "max_pixels": 500_000,
        "max_size": 256,
        "min_size": 32,
        "max_styles": 8,
        "max_blends": 16,
        "max_grid_pixels": 8_000_000,
    }
    assert info["optimization"] is None
