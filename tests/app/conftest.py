"""The service over the tiny network, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture(scope="session")
def settings(tiny_checkpoint_file: Path) -> Settings:
    return Settings(
        checkpoint=tiny_checkpoint_file,
        device="cpu",
        precision="float32",
        max_upload_bytes=200_000,
        max_pixels=500_000,
        max_size=256,
        queue_size=4,
    )


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client
