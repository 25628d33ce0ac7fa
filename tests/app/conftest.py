"""The service over the tiny network: in this process, and behind a real Ray for those who ask for it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from impasto.app.jobs.jobs import Jobs
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.scripts.studies.replicas import Cluster, on_a_cluster
from tests.databases import new_database, postgres, postgres_programs


@pytest.fixture(scope="session")
def settings(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        checkpoint=tiny_checkpoint_file,
        device="cpu",
        precision="float32",
        max_upload_bytes=200_000,
        max_pixels=500_000,
        max_size=256,
        queue_size=4,
        data_dir=tmp_path_factory.mktemp("data"),
        worker="external",
        allowed_hosts="testserver",  # as starlette's client calls it
    )


@pytest.fixture
def without_loss_network(
    own_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """A service with a worker, which nobody starts, and no loss network. own_settings: as the test's file has them."""

    async def no_worker(self: object) -> None:
        pass

    monkeypatch.setattr("impasto.app.main.Supervisor.keep", no_worker)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with TestClient(create_app(own_settings.model_copy(update={"worker": "service"}))) as service:
        yield service


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the jobs were told, as a worker reads it."""
    found: list[Any] = []
    submit = Jobs.submit

    def record(self: Jobs, request: Any, **options: Any) -> Any:
        found.append(type(request).from_json(json.loads(json.dumps(request.to_json()))))
        return submit(self, request, **options)

    monkeypatch.setattr(Jobs, "submit", record)
    return found


@pytest.fixture(scope="session", params=["process", pytest.param("cluster", marks=pytest.mark.cluster)])
def client(request: pytest.FixtureRequest, settings: Settings) -> Iterator[TestClient | httpx2.Client]:
    """The service as its clients see it: the same promises hold in this process, and on two replicas on a cluster."""
    if request.param == "process":
        with TestClient(create_app(settings)) as client:
            yield client
    else:
        url = request.getfixturevalue("cluster").url
        with httpx2.Client(
            base_url="http://testserver", transport=_At(url), follow_redirects=True, timeout=60
        ) as client:
            yield client


SOON = 2.0
"""Seconds in which every replica knows what one of them was told."""


class _At(httpx2.HTTPTransport):
    """Whatever is asked of whomever, asked of the service at a URL; `Host` stays as it was.

    What changes something, and is not refused, takes until all replicas know.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = httpx2.URL(url)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(host=self._url.host, port=self._url.port)
        response = super().handle_request(request)
        if request.method in ("PUT", "PATCH", "DELETE") and response.is_success:
            time.sleep(SOON)
        return response


@pytest.fixture(scope="session")
def cluster(settings: Settings, postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The service in two replicas, over PostgreSQL."""
    shared = settings.model_copy(update={"open": True, "database_url": new_database(postgres_server)})
    with on_a_cluster(shared, tmp_path_factory.mktemp("cluster"), replicas=2) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server's URL, without a database's name."""
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind, as a URL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/impasto.db"
    return new_database(request.getfixturevalue("postgres_server"))
