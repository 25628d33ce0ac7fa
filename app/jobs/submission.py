"""How a request becomes a job: once, however often it is sent with the same key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

from fastapi import Depends, Header, Response

from impasto.app.dependencies import get_jobs, get_painter, get_settings
from impasto.app.jobs.jobs import JobRequest, Jobs
from impasto.app.painting.painter import Painter
from impasto.app.schemas import JobInfo
from impasto.app.settings import Settings
from impasto.model.errors import ImpastoError
from impasto.model.perception.loss_network import is_there

JOBS = UUID("5b6b3c6e-6f0f-4a52-9d0b-1f6f0f7a3c11")
"""The namespace in which an idempotency key becomes the id of a job."""
ACCEPTED: dict[str, Any] = {
    "description": "The job",
    "headers": {"Location": {"description": "Where the job is followed", "schema": {"type": "string"}}},
}


class LossNetworkAbsent(ImpastoError):
    """Nothing that needs the loss network can be done here: it was never fetched. retry_after: seconds."""

    retry_after = 60


@dataclass(frozen=True)
class Submission:
    """A request on its way to the queue."""

    response: Response
    jobs: Jobs
    painter: Painter
    settings: Settings
    key: str | None

    async def submit(
        self, fields: object, files: Sequence[bytes], prepare: Callable[[], Awaitable[JobRequest]]
    ) -> JobInfo:
        """The job of a request: a new one, or the one that came with the same key before.

        fields, files: all of the request, by which it is known again; fields as JSON values.
        prepare: what the job is told; checks it, and is not called for a job that is there already.
        Raises LossNetworkAbsent, KeyReused, FitRunning, JobsFull, and what `prepare` raises.
        """
        name = f"{self.painter.stylizer.network_id} {self.key}"
        job_id = str(uuid5(JOBS, name) if self.key else uuid4())

        def digest() -> str:
            parts = [json.dumps(fields).encode(), *files]
            return sha256(b"".join(parts)).hexdigest()

        fingerprint = await asyncio.to_thread(digest)
        job = await asyncio.to_thread(self.jobs.known, job_id, fingerprint)
        if job is None:
            self._check_loss_network()
            await asyncio.to_thread(self.jobs.check_room)  # before pictures are decoded for nothing
            job = await asyncio.to_thread(self.jobs.submit, job_id, await prepare(), fingerprint)
        self.response.headers["Location"] = f"/v1/jobs/{job.id}"
        return JobInfo.of(job)

    def _check_loss_network(self) -> None:
        file = self.settings.loss_network_file
        if self.settings.worker == "service" and not is_there(file):
            raise LossNetworkAbsent(
                "the loss network is missing, without which no style can be fitted and nothing optimised: "
                f"run scripts/fetch.py on the server, which writes {file.absolute()}"
            )


def get_submission(
    response: Response,
    jobs: Annotated[Jobs, Depends(get_jobs)],
    painter: Annotated[Painter, Depends(get_painter)],
    settings: Annotated[Settings, Depends(get_settings)],
    idempotency_key: Annotated[
        str | None, Header(min_length=1, max_length=200, description="The same key again is the same job, not another")
    ] = None,
) -> Submission:
    return Submission(response, jobs, painter, settings, idempotency_key)
