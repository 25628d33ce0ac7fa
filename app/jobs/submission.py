"""How a request becomes a job: once, however often it is sent with the same key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from impasto.app.jobs.jobs import Job, Jobs
from impasto.app.jobs.requests import FIT, OPTIMIZE, JobRequest
from impasto.app.painting.loss_network import LossNetworkAbsent
from impasto.app.settings import Settings
from impasto.model.errors import ImpastoError
from impasto.model.perception.loss_network import is_there

ACCEPTED: dict[str, Any] = {
    "description": "The job",
    "headers": {"Location": {"description": "Where the job is followed", "schema": {"type": "string"}}},
}


MOST_PAINTINGS = 4
"""In one picture by optimisation."""


class OptimizationsOff(ImpastoError):
    """This service makes no pictures by optimisation."""


class VideosOff(ImpastoError):
    """This service paints no films."""


@dataclass(frozen=True)
class Submission:
    """A request on its way to the queue."""

    response: Response
    jobs: Jobs
    settings: Settings
    key: str | None

    async def submit(
        self, request: JobRequest, check: Callable[[], object] = lambda: None, job_id: str | None = None
    ) -> Job:
        """The job of a request: a new one, or the one that came with the same key before.

        check: raises what speaks against a new job; it is called in a thread. job_id: of a new one; None: any.
        Raises LossNetworkAbsent, KeyReused, FitRunning, JobsFull too.
        """
        if request.kind in (FIT, OPTIMIZE):
            self._check_loss_network()
        job = await asyncio.to_thread(self.jobs.submit, request, key=self.key, job_id=job_id, check=check)
        self.response.headers["Location"] = f"/v1/jobs/{job.id}"
        return job

    def _check_loss_network(self) -> None:
        if self.settings.worker == "service" and not is_there(self.settings.loss_network_file):
            raise LossNetworkAbsent
