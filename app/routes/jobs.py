"""Fits of new styles, as jobs: begun, followed and cancelled."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter, Depends, File, Form, Header, Response, UploadFile
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.batcher import Batcher
from app.catalogue import Catalogue, new_style
from app.database import StoreUnavailable
from app.dependencies import get_batcher, get_catalogue, get_jobs, get_settings, get_stopping
from app.errors import FitsUnavailable, NotReady
from app.jobs import FitRequest, Job, Jobs
from app.schemas import JPEG, JobInfo, problems
from app.settings import Settings
from model import images
from model.loss_network import is_there
from model.painting import read_painting

router = APIRouter(prefix="/v1", tags=["jobs"])

JOBS = UUID("5b6b3c6e-6f0f-4a52-9d0b-1f6f0f7a3c11")
"""The namespace in which an idempotency key becomes the id of a job."""
INTERVAL = 0.5
"""Seconds between two looks at a job that is followed."""
ACCEPTED: dict[str, Any] = {
    "description": "The job that fits the style",
    "headers": {"Location": {"description": "Where the job is followed", "schema": {"type": "string"}}},
}


@router.post(
    "/styles",
    summary="Learn a new style from one painting, as a job",
    status_code=202,
    responses={202: ACCEPTED, **problems(400, 409, 413, 415, 422, 429, 503)},
)
async def fit_style(
    response: Response,
    image: Annotated[UploadFile, File(description="The painting: any format that can be read")],
    id: Annotated[str, Form(description="The style's id: lower-case words joined by hyphens", examples=["my-style"])],
    jobs: Annotated[Jobs, Depends(get_jobs)],
    batcher: Annotated[Batcher, Depends(get_batcher)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    settings: Annotated[Settings, Depends(get_settings)],
    title: Annotated[str, Form(max_length=200, description="Empty: the id")] = "",
    artist: Annotated[str, Form(max_length=200)] = "",
    year: Annotated[str, Form(max_length=200)] = "",
    licence: Annotated[str, Form(max_length=200)] = "",
    source: Annotated[str, Form(max_length=1000, description="Where the painting is from")] = "",
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=200, description="The same key again is the same job, not another")
    ] = None,
) -> JobInfo:
    style = new_style(id, title=title or id, artist=artist, year=year, licence=licence, source=source)
    data = await image.read()
    network_id = batcher.stylizer.network_id
    job_id = str(uuid5(JOBS, f"{network_id} {idempotency_key}") if idempotency_key else uuid4())
    fingerprint = await asyncio.to_thread(lambda: sha256(json.dumps(asdict(style)).encode() + data).hexdigest())
    job = await asyncio.to_thread(jobs.known, job_id, fingerprint)
    if job is None:
        if settings.worker == "service" and not is_there(settings.loss_network_file):
            raise FitsUnavailable(
                "no style can be fitted here, since the loss network is missing: "
                f"run scripts/fetch_loss_network.py on the server, which writes {settings.loss_network_file.absolute()}"
            )
        await catalogue.check_free(style.id)
        painting = await batcher.code(lambda: read_painting(data, max_pixels=settings.max_pixels))
        kept = await batcher.code(lambda: images.encode(painting, "jpeg", quality=95))
        job = await asyncio.to_thread(jobs.submit, job_id, FitRequest(style, kept), fingerprint)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobInfo.of(job)


async def get_known_job(
    job_id: str, jobs: Annotated[Jobs, Depends(get_jobs)], catalogue: Annotated[Catalogue, Depends(get_catalogue)]
) -> Job:
    """Raises UnknownJob."""
    job = await asyncio.to_thread(jobs.get, job_id)
    if job.state == "succeeded":
        await catalogue.refresh()  # whoever is told so may paint with it at once
    return job


@router.get("/jobs/{job_id}", summary="How far a fit is", responses=problems(404, 422, 503))
async def get_job(job: Annotated[Job, Depends(get_known_job)]) -> JobInfo:
    return JobInfo.of(job)


@router.get(
    "/jobs/{job_id}/events",
    summary="The same as server-sent events, until the fit has ended",
    response_class=EventSourceResponse,
    responses=problems(404, 422, 503),
)
async def follow_job(
    job: Annotated[Job, Depends(get_known_job)],
    jobs: Annotated[Jobs, Depends(get_jobs)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    stopping: Annotated[threading.Event, Depends(get_stopping)],
) -> AsyncIterator[ServerSentEvent]:
    told: JobInfo | None = None
    while True:
        info = JobInfo.of(job)
        if info != told:
            if info.step > (told.step if told else 0):  # before the state, of which the final one ends the events
                yield ServerSentEvent(event="preview", data={"url": f"/v1/jobs/{job.id}/preview?step={info.step}"})
            yield ServerSentEvent(event=info.state, id=str(info.step), data=info)
            told = info
        if job.finished or stopping.is_set():
            return
        await asyncio.sleep(INTERVAL)
        with suppress(StoreUnavailable):  # it comes back, and the answer has begun
            job = await get_known_job(job.id, jobs, catalogue)


@router.get(
    "/jobs/{job_id}/preview",
    summary="A photo of a cat, painted in the style as far as it is fitted",
    response_class=Response,
    responses={200: JPEG, **problems(404, 422, 503)},
)
async def preview(job: Annotated[Job, Depends(get_known_job)], jobs: Annotated[Jobs, Depends(get_jobs)]) -> Response:
    picture = await asyncio.to_thread(jobs.preview, job.id)
    if picture is None:
        raise NotReady("nothing is painted in the style yet; try again in a moment")
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.delete(
    "/jobs/{job_id}", summary="Cancel a fit that is queued or running", responses=problems(404, 409, 422, 503)
)
async def cancel_job(job: Annotated[Job, Depends(get_known_job)], jobs: Annotated[Jobs, Depends(get_jobs)]) -> JobInfo:
    return JobInfo.of(await asyncio.to_thread(jobs.cancel, job.id))
