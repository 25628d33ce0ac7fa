"""Jobs: fits of new styles are begun here, and jobs of all kinds followed and cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, File, Form, Header, Response, UploadFile
from fastapi.sse import EventSourceResponse, ServerSentEvent

from impasto.app.database import StoreUnavailable
from impasto.app.dependencies import (
    NotReady,
    get_catalogue,
    get_jobs,
    get_painter,
    get_predictions,
    get_stopping,
    get_submission,
    get_video_files,
)
from impasto.app.http.etag import unless_had
from impasto.app.http.openapi import BINARY, JPEG, NOT_MODIFIED, pictures, problems
from impasto.app.jobs.jobs import Job, Jobs
from impasto.app.jobs.requests import FitRequest
from impasto.app.jobs.submission import ACCEPTED, Submission
from impasto.app.jobs.video_files import MEDIA_TYPES, VideoFiles
from impasto.app.painting.painter import Painter
from impasto.app.painting.predictions import Predictions
from impasto.app.schemas import JobInfo
from impasto.app.styles.catalogue import Catalogue
from impasto.model.pictures import images
from impasto.model.pictures.picture import Format
from impasto.model.styles.fit_record import Effort
from impasto.model.styles.paintings import read_painting
from impasto.model.styles.style import LONGEST_SOURCE, LONGEST_TEXT, Style

router = APIRouter(prefix="/v1", tags=["jobs"])

INTERVAL = 0.5
"""Seconds between two looks at a job that is followed."""
RESULT: dict[str, Any] = {
    "content": dict.fromkeys((*(f"image/{name}" for name in get_args(Format)), *MEDIA_TYPES.values()), BINARY)
}
PART: dict[str, Any] = {"description": "The part of a film that its `Range` asks for", **RESULT}


@router.post(
    "/styles",
    summary="Learn a new style from one painting, as a job",
    status_code=202,
    responses={202: ACCEPTED, **problems(400, 408, 409, 413, 415, 422, 429, 503)},
    openapi_extra=pictures("image"),
)
async def fit_style(
    image: Annotated[UploadFile, File(description="The painting: any format that can be read")],
    id: Annotated[
        str,
        Form(
            max_length=LONGEST_TEXT,
            description="The style's id: lower-case words joined by hyphens",
            examples=["my-style"],
        ),
    ],
    submission: Annotated[Submission, Depends(get_submission)],
    painter: Annotated[Painter, Depends(get_painter)],
    predictions: Annotated[Predictions, Depends(get_predictions)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    fit: Annotated[
        Effort,
        Form(
            description="full: a minute or more; quick: one pass over the photos from what is predicted of the "
            "painting; none: what is predicted, at a glance. Both where /v1/info says `predicts`"
        ),
    ] = "full",
    title: Annotated[str, Form(max_length=LONGEST_TEXT, description="Empty: the id")] = "",
    artist: Annotated[str, Form(max_length=LONGEST_TEXT)] = "",
    year: Annotated[str, Form(max_length=LONGEST_TEXT)] = "",
    licence: Annotated[str, Form(max_length=LONGEST_TEXT)] = "",
    source: Annotated[str, Form(max_length=LONGEST_SOURCE, description="Where the painting is from")] = "",
) -> JobInfo:
    style = Style(id, title=title or id, artist=artist, year=year, licence=licence, source=source)
    if fit != "full":
        predictions.check()
    data = await image.read()
    await painter.code(lambda: read_painting(data, max_pixels=submission.settings.max_pixels))
    await catalogue.refresh()
    return JobInfo.model_validate(
        await submission.submit(FitRequest(style, data, fit), check=lambda: catalogue.check_free(style.id))
    )


async def get_known_job(
    job_id: str, jobs: Annotated[Jobs, Depends(get_jobs)], catalogue: Annotated[Catalogue, Depends(get_catalogue)]
) -> Job:
    """Raises UnknownJob."""
    job = await asyncio.to_thread(jobs.get, job_id)
    if job.state == "succeeded":
        await catalogue.refresh()  # whoever is told so may paint with it at once
    return job


@router.get("/jobs/{job_id}", summary="How far a job is", responses=problems(404, 422, 503))
async def get_job(job: Annotated[Job, Depends(get_known_job)]) -> JobInfo:
    return JobInfo.model_validate(job)


@router.get(
    "/jobs/{job_id}/events",
    summary="The same as server-sent events, until the job has ended",
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
        info = JobInfo.model_validate(job)
        if info != told:
            if job.shown and info.step > (
                told.step if told else 0
            ):  # before the state, of which the final one ends the events
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
    summary="What there is to see so far: of a fit, a cat painted in the style; of a film, a frame; else the picture, "
    "of an exemplar's pixels once it is made",
    response_class=Response,
    responses={200: JPEG, **problems(404, 422, 503)},
)
async def preview(job: Annotated[Job, Depends(get_known_job)], jobs: Annotated[Jobs, Depends(get_jobs)]) -> Response:
    picture = await asyncio.to_thread(jobs.preview, job.id)
    if picture is None:
        raise NotReady("nothing is to be seen yet; try again in a moment")
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.get(
    "/jobs/{job_id}/result",
    summary="The picture that was made, or the painted film, of which parts can be asked for",
    response_class=Response,
    responses={200: RESULT, 206: PART, 304: NOT_MODIFIED, **problems(404, 416, 422, 503)},
)
async def result(
    job: Annotated[Job, Depends(get_known_job)],
    jobs: Annotated[Jobs, Depends(get_jobs)],
    files: Annotated[VideoFiles, Depends(get_video_files)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    if not job.finished:
        raise NotReady("the job is not finished yet; follow it, and try again when it has succeeded")
    if job.file:
        return await asyncio.to_thread(files.answer, job.id, job.file, if_none_match)
    picture = await asyncio.to_thread(jobs.result, job)
    return unless_had(picture, f"image/{images.format_of(picture)}", if_none_match)


@router.delete(
    "/jobs/{job_id}", summary="Cancel a job that is queued or running", responses=problems(404, 409, 422, 503)
)
async def cancel_job(
    job: Annotated[Job, Depends(get_known_job)],
    jobs: Annotated[Jobs, Depends(get_jobs)],
    files: Annotated[VideoFiles, Depends(get_video_files)],
) -> JobInfo:
    cancelled = await asyncio.to_thread(jobs.cancel, job.id)
    if job.state == "queued":  # of one that runs, the worker does it
        await asyncio.to_thread(files.remove, job.id)
    return JobInfo.model_validate(cancelled)
