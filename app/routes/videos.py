"""Films, as jobs: painted frame by frame."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, cast, get_args

from fastapi import APIRouter, Depends, File, Form, UploadFile

from impasto.app.database import StoreUnavailable
from impasto.app.dependencies import get_catalogue, get_submission, get_video_files
from impasto.app.http.body_limit import FILMS
from impasto.app.http.openapi import problems
from impasto.app.jobs.jobs import new_id
from impasto.app.jobs.requests import VideoFormat, VideoRequest
from impasto.app.jobs.submission import ACCEPTED, Submission, VideosOff
from impasto.app.jobs.video import look_through
from impasto.app.jobs.video_files import VideoFiles
from impasto.app.painting.photo_form import Network, PreserveColor, Strength, StrokeSize
from impasto.app.painting.weights import Weights, assign_weights
from impasto.app.schemas import JobInfo
from impasto.app.styles.catalogue import Catalogue
from impasto.model.styles.blend import MOST_BLENDED, InvalidWeights
from impasto.model.styles.style import LONGEST_ID

router = APIRouter(tags=["jobs"])

StyleId = Annotated[str, Form(max_length=LONGEST_ID)]


@router.post(
    FILMS,
    summary="Paint a film, or a picture that moves, as a job",
    status_code=202,
    responses={202: ACCEPTED, **problems(400, 403, 404, 408, 409, 413, 415, 422, 429, 503)},
)
async def paint_video(
    video: Annotated[
        UploadFile,
        File(description="The film (MP4, MOV, Matroska, WebM, AVI, …), or a GIF, WebP, PNG or AVIF that moves"),
    ],
    submission: Annotated[Submission, Depends(get_submission)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    files: Annotated[VideoFiles, Depends(get_video_files)],
    style: Annotated[
        list[StyleId],
        Form(
            min_length=1,
            max_length=MOST_BLENDED,
            description="A style id; repeat it to blend",
            examples=[["van-gogh-starry-night", "hokusai-great-wave"]],
        ),
    ],
    weight: Weights = None,
    to: Annotated[
        list[StyleId] | None,
        Form(
            max_length=MOST_BLENDED,
            description="The style of the last frame, to which that of the first moves over the film; repeat it to "
            "blend. None: the same",
        ),
    ] = None,
    to_weight: Weights = None,
    flow: Annotated[
        bool, Form(description="Carry what is painted along with what moves: much steadier, and slower")
    ] = False,
    strength: Strength = 1.0,
    preserve_color: PreserveColor = False,
    stroke: StrokeSize = 1.0,
    network: Network = "large",
    format: Annotated[VideoFormat | None, Form(description="None: as the film's name ends, else mp4")] = None,
) -> JobInfo:
    settings = submission.settings
    if not settings.videos:
        raise VideosOff("this service paints no films; IMPASTO_VIDEOS=true lets it")
    if to_weight and not to:
        raise InvalidWeights("there are weights of the last frame's styles, to_weight, but no such styles, to")
    styles = catalogue.of(network).styles
    blends = [assign_weights(style, weight), *([assign_weights(to, to_weight)] if to else [])]
    vectors = tuple(styles.blend(blend).numpy().tobytes() for blend in blends)
    look = {"strength": strength, "preserve_color": preserve_color, "stroke": stroke}
    written, job_id = format or _format_of(video.filename or ""), new_id()

    def receive() -> VideoRequest:
        film = files.receive(job_id, video.file)
        look_through(files.film(job_id), written, settings)
        return VideoRequest(film, vectors, look, flow, written)

    try:
        async with files.turn:
            request = await asyncio.to_thread(receive)
        job = await submission.submit(request, job_id=job_id)
    except StoreUnavailable:  # it may have been submitted; else the film is swept away later
        raise
    except Exception:
        await asyncio.to_thread(files.remove, job_id)
        raise
    if job.id != job_id:  # which came with the same key before
        await asyncio.to_thread(files.remove, job_id)
    return JobInfo.model_validate(job)


def _format_of(name: str) -> VideoFormat:
    end = Path(name).suffix.lower()[1:]
    return cast(VideoFormat, end) if end in get_args(VideoFormat) else "mp4"
