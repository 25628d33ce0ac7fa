"""The service over the tiny network, in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from impasto.app.jobs.jobs import Jobs
from impasto.app.main import create_app
from impasto.app.settings import Settings
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
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the jobs were told, as a worker reads it."""
    found: list[Any] = []
    submit = Jobs.submit

    def record(self: Jobs, request: Any, **options: Any) -> Any:
        found.append(type(request).from_json(json.loads(json.dumps(request.to_json()))))
        return submit(self, request, **options)

    monkeypatch.setattr(Jobs, "submit", record)
    return found


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


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
