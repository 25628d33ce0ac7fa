from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from impasto.app.access.keyring import Keyring
from impasto.app.access.keys import KeyStore
from impasto.app.jobs.supervisor import Supervisor
from impasto.app.main import create_app
from impasto.app.page import PageFiles
from impasto.app.settings import Settings
from impasto.model.network.checkpoint import Checkpoint


def test_a_running_service_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert {name: part["ready"] for name, part in answer.json()["parts"].items()} == {
        "network": True,
        "database": True,
        "service": True,
    }


def test_before_its_network_is_loaded_a_service_is_alive_but_not_ready(settings: Settings) -> None:
    client = TestClient(create_app(settings))  # never started
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", "/v1/info", "/v1/styles", "/v1/styles/the-scream/preview"):
        response = client.get(path)
        assert (response.status_code, response.json()["code"]) == (503, "not_ready")
        assert int(response.headers["retry-after"]) > 0


def test_a_service_that_stops_is_not_ready(settings: Settings) -> None:
    app = create_app(settings)
    with TestClient(app) as client:
        app.state.stopping.set()
        assert reasons(client) == {"service": "it is stopping"}


def test_a_service_without_the_worker_it_keeps_is_not_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep(self: Supervisor) -> None:
        self.alive = False

    monkeypatch.setattr(Supervisor, "keep", keep)
    app = create_app(settings.model_copy(update={"worker": "service"}))
    with TestClient(app) as client:
        (name,) = reasons(client)
        assert name == "worker"
        app.state.supervisor.alive = True
        assert client.get("/readyz").json()["parts"]["worker"] == {"ready": True, "reason": None}


def test_a_service_is_not_ready_before_it_knows_the_styles_of_a_database_that_it_was_given(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.app.styles.catalogue.INTERVAL", 0.01)
    folder = tmp_path / "folder"
    folder.touch()  # a file, for now
    own = settings.model_copy(update={"database_url": f"sqlite:///{folder}/impasto.db"})
    with TestClient(create_app(own)) as client:
        assert eventually(lambda: "cannot be used" in reasons(client)["database"])
        folder.unlink()
        assert eventually(lambda: client.get("/readyz").status_code == 200)


def test_a_service_is_not_ready_before_it_knows_the_keys_of_a_database_that_it_was_given(
    settings: Settings, tmp_path: Path
) -> None:
    app = create_app(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/impasto.db"}))
    with TestClient(app) as client:
        assert eventually(lambda: client.get("/readyz").status_code == 200)
        app.state.keyring = Keyring(KeyStore(settings.database), open=True)
        assert reasons(client) == {"database": "its keys and styles are being read"}
        app.state.keyring.refresh()
        assert client.get("/readyz").status_code == 200


def test_without_a_database_that_nobody_asked_for_it_is_ready_and_says_so(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with TestClient(create_app(settings.model_copy(update={"data_dir": tmp_path / "file"}))) as client:
        assert eventually(lambda: client.get("/readyz").json()["parts"]["database"]["reason"] is not None)
        assert client.get("/readyz").status_code == 200


def reasons(client: TestClient) -> dict[str, str]:
    """Why a service is not ready, by its parts."""
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert int(answer.headers["retry-after"]) > 0
    missing = {name: part["reason"] for name, part in answer.json()["parts"].items() if not part["ready"]}
    assert all(f"{name}: {reason}" in answer.json()["detail"] for name, reason in missing.items())
    return missing


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something holds within ten seconds."""
    deadline = time.monotonic() + 10
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_info_says_what_the_service_is_and_allows(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    info = client.get("/v1/info").json()
    assert info["network_id"] == tiny_checkpoint.network_id
    assert info["small_network_id"] == tiny_checkpoint.of("small").network_id
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
    page = PageFiles.read()
    assert (info["page"], info["browser_runtime"]) == (page.version, page.runtime)
