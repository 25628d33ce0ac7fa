"""The job that paints a film.

It is one step: the pieces of the film that are painted lie beside it, and a job that is taken up again goes on from
there. PyAV and OpenCV are imported when there is a film, which only a service that paints films takes.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from contextvars import copy_context
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dbos import DBOS
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from impasto.app.jobs.cancelling import end_if_cancelled
from impasto.app.jobs.jobs import PREVIEW, PROGRESS, Progress
from impasto.app.jobs.requests import VideoFormat, VideoRequest, as_text
from impasto.app.jobs.video_files import VideoFiles
from impasto.app.painting.previews import on_the_way
from impasto.app.settings import Settings
from impasto.model.errors import DiskFull, InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.images import TooSmall
from impasto.model.pictures.picture import Picture
from impasto.model.video.clip import VideoError
from impasto.model.video.config import Limits, MotionConfig
from impasto.model.video.packages import check_packages

SECONDS, PREVIEW_SECONDS = 1.0, 5.0
"""Between two times that it is told how far a film is, and two frames that are shown."""


class VideoPainting:
    """Paints films. files: where they lie."""

    def __init__(self, settings: Settings, source: Checkpoint, files: VideoFiles) -> None:
        self._settings, self._source, self._files = settings, source, files

    def paint_video(self, request: dict[str, Any]) -> dict[str, Any]:
        """The job, as a workflow of DBOS. request: a VideoRequest as JSON. Returns the name of the painting's file."""
        job, job_id = VideoRequest.from_json(request), DBOS.workflow_id
        assert job_id is not None
        output = self._files.painted(job_id, job.format)
        try:
            DBOS.run_step({"name": "paint"}, self._paint, job, job_id, output)
        except SQLAlchemyError:  # it is gone on with
            raise
        except BaseException:
            self._files.remove(job_id)
            raise
        self._files.film(job_id).unlink(missing_ok=True)
        return {"file": output.name}

    def _paint(self, job: VideoRequest, job_id: str, output: Path) -> None:
        if output.exists():  # which was the last thing that was not recorded
            return
        film = self._files.film(job_id)
        if not self._settings.videos:
            raise InvalidValue("the worker paints no films; IMPASTO_VIDEOS=true lets it")
        if not film.exists():
            raise InvalidValue("the film is not there: the service and its worker need the same IMPASTO_VIDEO_DIR")
        from impasto.model.video.continuity import Continuity
        from impasto.model.video.painting import open_video, paint_video

        source = open_video(film, limits(self._settings))
        stylizer = Stylizer.of(self._source, device=self._settings.device, precision=self._settings.precision)
        first, *others = (torch.from_numpy(np.frombuffer(vector, np.float32).copy()) for vector in job.vectors)
        last = others[0] if others else first
        try:
            paint_video(
                film,
                source,
                output,
                Continuity(stylizer, MotionConfig(flow=job.flow), **job.look),
                lambda share: torch.lerp(first, last, share),
                told=json.dumps([job.to_json(), stylizer.network_id]),
                progress=_Telling(job_id, len(source.clip.times)),
            )
        except DiskFull as full:
            self._files.remove(job_id)  # so that there is room to record it
            raise DiskFull("the disk of the service is full; nothing is kept of this film") from full


class _Telling:
    """Publishes how far a film is; ends its painting when the job is cancelled.

    It is called in threads that do not know the job.
    """

    def __init__(self, job_id: str, frames: int) -> None:
        self._job_id, self._frames = job_id, frames
        self._job = copy_context()
        self._begun: tuple[int, float] | None = None
        self._told = self._shown = 0.0

    def __call__(self, done: int, painting: Picture) -> None:
        now = time.monotonic()
        self._begun = self._begun or (done, now)
        if now - self._told >= SECONDS or done == self._frames:
            self._told = now
            with suppress(DBAPIError):  # it is told the next time
                self._job.run(self._tell, done, painting)

    def _tell(self, done: int, painting: Picture) -> None:
        end_if_cancelled(self._job_id)
        if self._told - self._shown >= PREVIEW_SECONDS or done == self._frames:
            self._shown = self._told
            DBOS.set_event(PREVIEW, as_text(on_the_way(painting.on_white().rgb)))
        DBOS.set_event(PROGRESS, asdict(Progress(done, self._frames, {}, self._seconds_left(done))))

    def _seconds_left(self, done: int) -> float | None:
        assert self._begun is not None
        before, begun = self._begun
        return round((self._frames - done) * (self._told - begun) / (done - before), 1) if done > before else None


def check_videos(settings: Settings) -> None:
    """Raises PackagesMissing where films are to be painted and cannot be."""
    if settings.videos:
        check_packages()


def look_through(film: Path, format: VideoFormat, settings: Settings) -> None:
    """Raises VideoError, TooSmall for a film that is not painted here, or not written in that format."""
    from impasto.model.video.painting import open_video, pieces_of

    output = film.with_name(f"painted.{format}")
    try:
        pieces_of(film, open_video(film, limits(settings)).clip, output)
    except (VideoError, TooSmall) as refusal:
        told = str(refusal).replace(str(output), f"format={format}").replace(str(film), "the film")
        raise type(refusal)(told) from refusal


def limits(settings: Settings) -> Limits:
    """The largest film that is begun."""
    return Limits(settings.video_max_seconds, settings.video_max_frames, settings.video_max_pixels)
