"""The job that makes a picture of an exemplar's own pixels.

It is one step of seconds, which a job that is taken up again makes anew, with the same result. What it will take is
told by its sizes alone, and what would take too long is refused before it is a job.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from math import prod
from typing import Any

from dbos import DBOS
from sqlalchemy.exc import DBAPIError

from impasto.app.jobs.cancelling import end_if_cancelled
from impasto.app.jobs.jobs import PREVIEW, PROGRESS, RESULT, Progress
from impasto.app.jobs.requests import ExemplarKind, ExemplarRequest, as_text
from impasto.app.painting.previews import on_the_way
from impasto.app.settings import Settings
from impasto.model.errors import InvalidValue
from impasto.model.exemplar.config import METHODS, AnalogyConfig, TransferConfig
from impasto.model.exemplar.plan import AnalogyPlan, Plan, TexturePlan, TransferPlan
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import within

STEPS = 100
"""In which it is told how far a picture is."""
SECONDS = 1.0
"""Between two times that it is told."""
NAMES: dict[ExemplarKind, str] = {
    "make_texture": "a texture",
    "transfer_texture": "a photo of pieces of a texture",
    "make_analogy": "an analogy",
}


class TooMuchWork(InvalidValue):
    """What is asked for would take longer than this service allows."""


def plan_of(kind: ExemplarKind, options: Mapping[str, Any]) -> Plan:
    """How a picture is made, by the names that the form has for it; what is not said is as commands have it.

    Raises InvalidValue.
    """
    own = dict(options)
    if kind == "make_analogy":
        keep_color = own.pop("keep_color")
        return AnalogyPlan(AnalogyConfig(**own), keep_color)
    seed = own.pop("seed")
    if kind == "transfer_texture":
        return TransferPlan(TransferConfig(**own), seed)
    method, height, width = own.pop("method"), own.pop("height"), own.pop("width")
    chosen = METHODS[method]
    known = [each.name for each in fields(chosen)]
    for name in own:
        if name not in known:
            raise InvalidValue(f"{name}: {method} has no such thing, but {', '.join(known)}")
    return TexturePlan(height, width, chosen(**own), seed)


def read(kind: ExemplarKind, files: Sequence[bytes], options: Mapping[str, Any], settings: Settings) -> list[Picture]:
    """The pictures of a job, as large as they are used, if it can be done.

    Nothing is decoded of what takes too long. Raises TooMuchWork, InvalidValue, ImageError, NoWindow.
    """
    plan = plan_of(kind, options)
    longest = [min(at_most, settings.max_size or at_most) for at_most in plan.at_most]
    sizes = [within(images.size(file)[::-1], side) for file, side in zip(files, longest, strict=True)]
    made, seconds = plan.made(sizes), plan.seconds(sizes)
    if prod(made) > settings.max_pixels or max(made) > (settings.max_size or max(made)):
        allowed = f"{settings.max_size} pixels on a side" if settings.max_size else f"{settings.max_pixels:,} pixels"
        raise InvalidValue(f"the picture would have {made[1]} × {made[0]} pixels; this service makes at most {allowed}")
    if seconds > settings.exemplar_max_seconds:
        of = " and ".join(f"{width} × {height}" for height, width in dict.fromkeys(sizes))
        raise TooMuchWork(
            f"{NAMES[kind]} of {made[1]} × {made[0]} pixels, of pictures of {of}, takes about {seconds:,.0f} s of two "
            f"cores, and this service takes at most {settings.exemplar_max_seconds:g} s: ask for smaller ones"
        )
    pictures = [
        images.decode(file, max_pixels=settings.max_pixels, at_most=side)
        for file, side in zip(files, longest, strict=True)
    ]
    plan.check(pictures)
    return pictures


def make_of_exemplar(request: dict[str, Any]) -> dict[str, Any]:
    """The job, as a workflow of DBOS. request: an ExemplarRequest as JSON. Returns nothing but {}."""
    job, job_id = ExemplarRequest.from_json(request), DBOS.workflow_id
    assert job_id is not None
    result = DBOS.run_step({"name": "make"}, _make, job, job_id)
    DBOS.set_event(RESULT, result)
    DBOS.set_event(PREVIEW, as_text(on_the_way(images.decode(base64.b64decode(result)).on_white().rgb)))
    DBOS.set_event(PROGRESS, asdict(Progress(STEPS, STEPS, {}, 0.0)))
    return {}


def _make(job: ExemplarRequest, job_id: str) -> str:
    pictures = [images.decode(file) for file in job.pictures]
    made = plan_of(job.kind, job.options).make(pictures, _Telling(job_id))
    return as_text(images.encode(made, job.format, quality=job.quality))


class _Telling:
    """Publishes how far a picture is; ends its making when the job is cancelled."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._begun = self._told = time.monotonic()

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self._told < SECONDS:
            return
        self._told = now
        with suppress(DBAPIError):  # it is told the next time
            end_if_cancelled(self._job_id)
            left = round((now - self._begun) * (1 - share) / share, 1)
            DBOS.set_event(PROGRESS, asdict(Progress(int(share * STEPS), STEPS, {}, left)))
