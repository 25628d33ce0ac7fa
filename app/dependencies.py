"""What routes need, handed to them by FastAPI.

By coroutines throughout: what is none FastAPI calls in a thread, which takes a request longer than all of these.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from impasto.app.access.keyring import Keyring
from impasto.app.access.rates import Rates
from impasto.app.jobs.jobs import Jobs
from impasto.app.jobs.submission import Submission
from impasto.app.jobs.supervisor import Supervisor
from impasto.app.jobs.video_files import VideoFiles
from impasto.app.metrics import Metrics
from impasto.app.page import PageFiles
from impasto.app.painting.animator import Animator
from impasto.app.painting.painter import Painter
from impasto.app.painting.predictions import Predictions
from impasto.app.painting.results import Results
from impasto.app.settings import Settings
from impasto.app.styles.catalogue import Catalogue
from impasto.app.styles.exports import Exports
from impasto.model.errors import ImpastoError

T = TypeVar("T")


class NotReady(ImpastoError):
    """The network is not loaded, or not any more; or what is asked for is not there yet. retry_after: seconds."""

    retry_after = 2


async def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def get_painter(request: Request) -> Painter:
    """Raises NotReady while the application is not started."""
    painter: Painter | None = request.app.state.painter
    return _started(painter)


async def get_animator(request: Request) -> Animator:
    """Raises NotReady as `get_painter` does."""
    animator: Animator | None = request.app.state.animator
    return _started(animator)


async def get_predictions(request: Request) -> Predictions:
    """Raises NotReady as `get_painter` does."""
    predictions: Predictions | None = request.app.state.predictions
    return _started(predictions)


async def get_results(request: Request) -> Results:
    results: Results = request.app.state.results
    return results


async def get_catalogue(request: Request) -> Catalogue:
    """Raises NotReady as `get_painter` does."""
    catalogue: Catalogue | None = request.app.state.catalogue
    return _started(catalogue)


async def get_keyring(request: Request) -> Keyring:
    keyring: Keyring = request.app.state.keyring
    return keyring


async def get_exports(request: Request) -> Exports:
    """Raises NotReady as `get_painter` does."""
    exports: Exports | None = request.app.state.exports
    return _started(exports)


async def get_page(request: Request) -> PageFiles:
    page: PageFiles = request.app.state.page
    return page


async def get_jobs(request: Request) -> Jobs:
    """Raises NotReady as `get_painter` does."""
    jobs: Jobs | None = request.app.state.jobs
    return _started(jobs)


@dataclass
class Allowance:
    """What a client may have painted. headers: what is told of it, once something was taken."""

    rates: Rates | None
    client: str
    headers: dict[str, str] = field(default_factory=dict)

    async def take(self, pixels: int) -> None:
        """Raises RateExceeded."""
        if self.rates and (quota := await asyncio.to_thread(self.rates.take, self.client, pixels)):
            self.headers = quota.headers


async def get_allowance(request: Request) -> Allowance:
    return Allowance(request.app.state.rates, request.state.client)


async def get_metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


async def get_supervisor(request: Request) -> Supervisor | None:
    """Of the worker that the service keeps; None if others do."""
    supervisor: Supervisor | None = request.app.state.supervisor
    return supervisor


async def get_submission(
    response: Response,
    jobs: Annotated[Jobs, Depends(get_jobs)],
    settings: Annotated[Settings, Depends(get_settings)],
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="The same key again is the same job, not another")
    ] = None,
) -> Submission:
    return Submission(response, jobs, settings, idempotency_key or None)


async def get_video_files(request: Request) -> VideoFiles:
    files: VideoFiles = request.app.state.video_files
    return files


async def get_stopping(request: Request) -> threading.Event:
    """Set when the service is to stop: whoever answers at length then comes to an end."""
    stopping: threading.Event = request.app.state.stopping
    return stopping


def _started(part: T | None) -> T:
    if part is None:
        raise NotReady("the service is starting or shutting down; try again in a moment")
    return part
