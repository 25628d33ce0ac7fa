"""What a fit is told, and what it makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from torch import Tensor

from impasto.app.jobs.fit import Fitting
from impasto.app.jobs.jobs import Jobs
from impasto.app.jobs.requests import FitRequest
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.app.styles.store import StyleStore
from impasto.model.fitting.fitter import FitState
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.prediction.file import NoPredictor
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles.fit_record import Effort
from impasto.model.styles.paintings import read_painting
from impasto.model.styles.style import Style
from tests.networks import tiny_predictor
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
    worker = Fitting(settings, tiny_checkpoint, None, StyleStore(f"sqlite:///{tmp_path}/styles.db", "net"))
    worker._fitter(FitRequest.from_json(told[0]))
    assert fitted[0].equal(read_painting(PAINTING).rgb)


def test_a_fit_begins_at_what_is_predicted_and_ends_there_if_that_is_asked(
    settings: Settings, tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    trained, store = tiny_predictor(tiny_checkpoint), StyleStore(f"sqlite:///{tmp_path}/styles.db", "net")
    predicted = StylePredictor(trained, weights=vgg_weights, device="cpu").predict(read_painting(PAINTING).rgb)
    worker = Fitting(settings, tiny_checkpoint, trained, store)
    efforts: list[tuple[Effort, bool]] = [("none", True), ("quick", False), ("full", False)]
    for fit, finished in efforts:
        job = FitRequest(Style("my-style", "My Style"), PAINTING, fit)
        state = FitState.from_json(worker._begin(job, worker._fitter(job)))
        assert state.vector.equal(predicted) and state.finished == finished
    alone = Fitting(settings, tiny_checkpoint, None, store)
    job = FitRequest(Style("my-style", "My Style"), PAINTING, "none")
    with pytest.raises(NoPredictor):
        alone._begin(job, alone._fitter(job))
