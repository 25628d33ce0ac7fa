"""The job that fits a new style and adds it to the store, step by step, each recorded."""

from __future__ import annotations

import base64
import time
from dataclasses import asdict
from typing import Any

from dbos import DBOS, StepOptions
from torch import Tensor

from impasto.app.database import PATIENCE, StoreUnavailable
from impasto.app.jobs.jobs import PREVIEW, PROGRESS, Progress
from impasto.app.jobs.requests import FitRequest, as_text
from impasto.app.painting.previews import read_photo, small, written
from impasto.app.settings import Settings
from impasto.app.styles.store import StyleExists, StyleStore
from impasto.model.fitting.config import PASSES, FitConfig
from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import FitState, Fitter, Start
from impasto.model.fitting.verdict import judge, trained_artefacts
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.perception.loss_network import load_weights
from impasto.model.prediction.file import NoPredictor, TrainedPredictor
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles.paintings import read_painting

ADD: StepOptions = {
    "name": "add",
    "retries_allowed": True,
    "should_retry": lambda error: isinstance(error, StoreUnavailable),
    "max_attempts": 1000,
    "interval_seconds": PATIENCE,
    "backoff_rate": 1,
}
"""How a style is stored: again and again until its database is back."""


class Fitting:
    """Fits styles to the served network and adds them to the store."""

    def __init__(
        self, settings: Settings, source: Checkpoint, predictor: TrainedPredictor | None, store: StyleStore
    ) -> None:
        self._settings, self._source, self._store = settings, source, store
        self._predictor = predictor
        self._photo = read_photo()
        self._trained: dict[str, float] | None = None  # found by the first fit, for all that follow

    def fit_style(self, request: dict[str, Any]) -> dict[str, Any]:
        """The job, as a workflow of DBOS: its steps are done once, all else again after a restart.

        request: a FitRequest as JSON. Returns verdict, message and losses.
        """
        job = FitRequest.from_json(request)
        fitter = self._fitter(job)
        state = FitState.from_json(DBOS.run_step({"name": "begin"}, self._begin, job, fitter))
        if state.finished:
            DBOS.set_event(PREVIEW, DBOS.run_step({"name": "preview"}, self._show, fitter, state))
            self._tell(fitter, state, 0.0)
        while not state.finished:
            begun = time.monotonic()
            state = FitState.from_json(DBOS.run_step({"name": "advance"}, self._advance, fitter, state))
            DBOS.set_event(PREVIEW, DBOS.run_step({"name": "preview"}, self._show, fitter, state))
            self._tell(fitter, state, time.monotonic() - begun)
        fitted = DBOS.run_step({"name": "judge"}, self._judge, job, fitter, state)
        DBOS.run_step(ADD, self._add, job.style.id, fitted)
        verdict: dict[str, Any] = fitted["verdict"]
        return verdict

    def _begin(self, job: FitRequest, fitter: Fitter) -> dict[str, Any]:
        """At what is predicted, where there is a predictor. Raises NoPredictor where nothing else will do."""
        if self._predictor is None:
            if job.fit == "full":
                return fitter.begin().to_json()
            raise NoPredictor("the worker's network has no predictor, as the service's has")
        settings = self._settings
        predictor = StylePredictor(self._predictor, weights=load_kept_weights(settings), device=settings.device)
        return fitter.begin(Start.predicted(predictor.predict(fitter.painting), self._source.styles)).to_json()

    def _advance(self, fitter: Fitter, state: FitState) -> dict[str, Any]:
        return fitter.advance(state).to_json()

    def _tell(self, fitter: Fitter, state: FitState, seconds: float) -> None:
        """Publish how far the fit is, when the preview of the same pass can be had. seconds: that this pass took."""
        passes = fitter.config.passes
        left = 0.0 if state.finished else round((passes - state.passes) * seconds, 1)
        DBOS.set_event(PROGRESS, asdict(Progress(state.passes, passes, dict(state.losses), left)))

    def _fitter(self, job: FitRequest) -> Fitter:
        settings = self._settings
        return Fitter(
            self._source,
            read_painting(job.painting).rgb,
            crops(settings.fit_content),
            weights=load_kept_weights(settings),
            config=FitConfig(passes=PASSES[job.fit]),
            device=settings.device,
        )

    def _preview(self, fitter: Fitter, state: FitState) -> bytes:
        return written(self._photo.with_rgb(fitter.paint(state.vector, self._photo.rgb[None])[0]))

    def _show(self, fitter: Fitter, state: FitState) -> str:
        return as_text(self._preview(fitter, state))

    def _judge(self, job: FitRequest, fitter: Fitter, state: FitState) -> dict[str, Any]:
        """The finished style, as plain JSON values: its pack and preview as files, and the verdict."""
        self._trained = self._trained or trained_artefacts(fitter)
        unseen = crops(self._settings.fit_content, count=4, side=256, seed=1)
        verdict = judge(fitter, state.vector, unseen, self._trained)
        preview = self._preview(fitter, state)
        pack = fitter.pack(job.style, state, asdict(verdict), small(preview)).to_bytes()
        return {"pack": as_text(pack), "preview": as_text(preview), "verdict": asdict(verdict)}

    def _add(self, style_id: str, fitted: dict[str, Any]) -> None:
        """Store the style; done again after a restart, it finds its style there."""
        pack, preview = base64.b64decode(fitted["pack"]), base64.b64decode(fitted["preview"])
        try:
            self._store.add(style_id, pack, preview)
        except StyleExists:
            if self._store.get(style_id).pack != pack:
                raise


def load_kept_weights(settings: Settings) -> dict[str, Tensor]:
    """The loss network from this machine: a job never downloads it. Raises LossNetworkMissing."""
    return load_weights(settings.loss_network_file, download=False)
