"""The job that makes a picture by optimisation.

What is recorded of it every so many steps is the picture itself: a job that is taken up again goes on from there,
with a descent that has to learn its way anew.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

from dbos import DBOS
from torch import Tensor

from impasto.app.jobs.fit import load_kept_weights
from impasto.app.jobs.jobs import PREVIEW, PROGRESS, RESULT, Progress
from impasto.app.jobs.requests import OptimizationRequest, as_text
from impasto.app.painting.previews import on_the_way
from impasto.app.settings import Settings
from impasto.model.network.device import find_device
from impasto.model.optimization import descent
from impasto.model.optimization.config import Stop, TransferConfig
from impasto.model.optimization.schedule import steps_left
from impasto.model.optimization.style_transfer import StyleTransfer
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture
from impasto.model.styles.paintings import read_painting

STRIDE, SECONDS = 25, 15.0
"""Steps between two pictures that are shown and recorded; fewer when they take longer than so many seconds. Between
them a job can be cancelled."""


class Optimizing:
    """Makes pictures by optimisation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def optimize(self, request: dict[str, Any]) -> dict[str, Any]:
        """The job, as a workflow of DBOS. request: an OptimizationRequest as JSON. Returns nothing but {}."""
        job = OptimizationRequest.from_json(request)
        work = _Work(self._transfer(job))
        state: dict[str, Any] = {"step": 0, "losses": {}, "picture": "", "finished": False}
        while not state["finished"]:
            begun, before = time.monotonic(), state["step"]
            state = DBOS.run_step({"name": "advance"}, work.advance, state)
            pace = (time.monotonic() - begun) / max(1, state["step"] - before)
            DBOS.set_event(PREVIEW, as_text(work.preview(state)))
            DBOS.set_event(PROGRESS, asdict(work.progress(state, pace)))
        DBOS.set_event(RESULT, DBOS.run_step({"name": "finish"}, self._finish, job, work, state))
        return {}

    def _transfer(self, job: OptimizationRequest) -> StyleTransfer:
        options = dict(job.options)
        return StyleTransfer(
            images.decode(job.photo).rgb,
            [read_painting(painting).rgb for painting in job.paintings],
            TransferConfig(stop=Stop(steps=options.pop("steps")), **options),
            shares=job.shares,
            device=find_device(self._settings.device),
            weights=load_kept_weights(self._settings),
        )

    def _finish(self, job: OptimizationRequest, work: _Work, state: dict[str, Any]) -> str:
        photo = images.decode(job.photo)
        return as_text(images.encode(photo.with_rgb(work.show(state)), job.format, quality=job.quality))


class _Work:
    """An optimisation under way; the state of it is plain JSON values."""

    def __init__(self, transfer: StyleTransfer) -> None:
        self._transfer = transfer
        self._last: descent.DescentStep | None = None
        self._run: Iterator[descent.DescentStep] = iter(())

    def advance(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state some steps later."""
        if self._last is None or self._last.step != state["step"]:
            self._last = self._recorded(state) if state["step"] else None
            self._run = self._transfer.run(self._last)
        began = time.monotonic()
        for progress in islice(self._run, STRIDE):
            self._last = progress
            if time.monotonic() - began >= SECONDS:
                break
        if self._last is None or self._last.step == state["step"]:
            return {**state, "finished": True}
        finished = self._last.step >= self._transfer.steps
        picture = as_text(images.encode(Picture.from_rgb(self._last.picture), "jpeg", quality=95))
        return {"step": self._last.step, "losses": self._last.losses, "picture": picture, "finished": finished}

    def show(self, state: dict[str, Any]) -> Tensor:
        """The picture of a state, (3, H, W)."""
        live = self._last if self._last is not None and self._last.step == state["step"] else None
        return self._transfer.picture(live or self._recorded(state))

    def preview(self, state: dict[str, Any]) -> bytes:
        """The picture of a state as a JPEG, small enough to be sent on the way."""
        return on_the_way(self.show(state))

    def progress(self, state: dict[str, Any], pace: float) -> Progress:
        """How far a state is. pace: seconds a step."""
        steps = self._transfer.steps
        left = 0.0 if state["finished"] else round(steps_left(self._transfer.plan, state["step"]) * pace, 1)
        return Progress(state["step"], steps, state["losses"], left)

    def _recorded(self, state: dict[str, Any]) -> descent.DescentStep:
        picture = images.decode(base64.b64decode(state["picture"])).rgb
        return descent.DescentStep(state["step"], state["losses"], picture[None].to(self._transfer.device))
