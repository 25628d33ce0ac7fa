"""What a fit is told, and what it makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from torch import Tensor

from impasto.app.jobs.fit import Fitting
from impasto.app.jobs.jobs import FitRequest, Jobs
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.app.styles.store import StyleStore
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.paintings import read_painting
from tests.pictures import encoded, painting

PAINTING = encoded(painting())


def test_a_fit_over_http_has_the_pixels_that_the_command_reads(
    settings: Settings, tiny_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    fitted: list[Tensor] = []
    submit = Jobs.submit

    def record(jobs: Jobs, request: Any, **options: Any) -> Any:
        told.append(request.to_json())
        return submit(jobs, request, **options)

    monkeypatch.setattr(Jobs, "submit", record)
    monkeypatch.setattr("impasto.app.jobs.fit.Fitter", lambda source, rgb, *_, **__: fitted.append(rgb))
    with TestClient(create_app(settings.model_copy(update={"data_dir": tmp_path}))) as service:
        answer = service.post("/v1/styles", data={"id": "my-style"}, files={"image": ("painting.png", PAINTING)})
    assert answer.status_code == 202
    worker = Fitting(settings, tiny_checkpoint, StyleStore(f"sqlite:///{tmp_path}/styles.db", "net"))
    worker._fitter(FitRequest.from_json(told[0]))
    assert fitted[0].equal(read_painting(PAINTING).rgb)
