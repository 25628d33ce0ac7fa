"""Where films lie, and what is made of them: a folder for each job, in one that every replica and the worker share."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from starlette.responses import Response

from impasto.app.http.file import file_unless_had
from impasto.app.jobs.jobs import NoResult, State
from impasto.app.jobs.requests import VideoFormat
from impasto.model.errors import NO_ROOM, DiskFull

MEDIA_TYPES: dict[VideoFormat, str] = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "gif": "image/gif",
    "webp": "image/webp",
    "png": "image/png",
    "avif": "image/avif",
}
CHUNK = 1_000_000
"""Bytes that are copied at once."""
GRACE = 3600.0
"""Seconds after which nobody works any more with what belongs to no job, or to one that failed or was cancelled."""


class VideoFiles:
    """The films of jobs, in a folder that is made when it is needed.

    turn: of those that are sent, each is looked through alone, for it takes a thread and a core.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.turn = folder, asyncio.Lock()

    def film(self, job_id: str) -> Path:
        """The film of a job, as it was sent."""
        return self._folder / job_id / "film"

    def painted(self, job_id: str, format: VideoFormat) -> Path:
        """Its painting, once it is there."""
        return self._folder / job_id / f"painted.{format}"

    def answer(self, job_id: str, name: str, if_none_match: str | None) -> Response:
        """The same by the file's name, as an answer; 304 to a client that has it already. Raises NoResult."""
        path = self._folder / job_id / name
        try:
            return file_unless_had(path, MEDIA_TYPES[cast(VideoFormat, path.suffix[1:])], if_none_match)
        except FileNotFoundError:
            raise NoResult(f"the film of the job {job_id} was removed to make room for newer ones") from None

    def receive(self, job_id: str, sent: BinaryIO) -> str:
        """Keep the film of a job; its SHA-256. Raises DiskFull, OSError."""
        film, digest = self.film(job_id), sha256()
        try:
            film.parent.mkdir(parents=True)
            with film.open("xb") as file:
                while part := sent.read(CHUNK):
                    digest.update(part)
                    file.write(part)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise DiskFull(
                "there is no room for so large a film now; try again later, or send a smaller one"
            ) from error
        return digest.hexdigest()

    def remove(self, job_id: str) -> None:
        """Remove all that there is of a job."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def sweep(self, states: Callable[[Collection[str]], Mapping[str, State]], kept: int) -> None:
        """Remove what nobody needs any more. states: of those jobs that are known. kept: how many paintings stay."""
        folders = [*self._folder.iterdir()] if self._folder.exists() else []
        if not folders:
            return
        known = states([folder.name for folder in folders])
        done = []
        for folder in folders:
            with suppress(FileNotFoundError):  # which the service removes too
                changed = folder.stat().st_mtime
                match known.get(folder.name):
                    case "succeeded":
                        done.append((changed, folder.name))
                    case "queued" | "running":
                        pass
                    case _ if time.time() - changed > GRACE:
                        self.remove(folder.name)
        for _, job_id in sorted(done)[:-kept]:
            self.remove(job_id)
