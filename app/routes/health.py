"""Probes and facts; never behind the inference queue."""

from __future__ import annotations

import threading
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Response

from impasto.app.access.keyring import Keyring
from impasto.app.dependencies import (
    NotReady,
    get_catalogue,
    get_keyring,
    get_page,
    get_painter,
    get_predictions,
    get_settings,
    get_stopping,
    get_supervisor,
)
from impasto.app.http.openapi import problems
from impasto.app.http.problem import problem
from impasto.app.jobs.requests import VideoFormat
from impasto.app.jobs.submission import MOST_PAINTINGS
from impasto.app.jobs.supervisor import Supervisor
from impasto.app.page import PageFiles
from impasto.app.painting.painter import Painter
from impasto.app.painting.predictions import Predictions
from impasto.app.painting.weights import MOST_BLENDS
from impasto.app.schemas import (
    ExemplarLimits,
    Health,
    Info,
    OptimizationLimits,
    Part,
    Readiness,
    RequestLimits,
    VideoLimits,
)
from impasto.app.settings import Settings
from impasto.app.styles.catalogue import Catalogue
from impasto.app.version import VERSION
from impasto.model.network.config import SMALLEST_SIDE
from impasto.model.pictures.formats import readable_formats
from impasto.model.pictures.picture import Format
from impasto.model.styles.blend import MOST_BLENDED

router = APIRouter(tags=["service"])


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    return Health()


@router.get("/readyz", summary="Can it do all that it should?", response_model=Readiness, responses=problems(503))
async def readyz(
    painter: Annotated[Painter, Depends(get_painter)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    keyring: Annotated[Keyring, Depends(get_keyring)],
    supervisor: Annotated[Supervisor | None, Depends(get_supervisor)],
    settings: Annotated[Settings, Depends(get_settings)],
    stopping: Annotated[threading.Event, Depends(get_stopping)],
) -> Readiness | Response:
    parts = {
        "network": Part(ready=True),  # there is a painter when it has painted once
        "database": _database(catalogue, keyring, settings),
        "service": Part(ready=False, reason="it is stopping") if stopping.is_set() else Part(ready=True),
    }
    if supervisor is not None:
        reason = None if supervisor.alive else "no worker is running; the log says why, and another is started soon"
        parts["worker"] = Part(ready=supervisor.alive, reason=reason)
    missing = [f"{name}: {part.reason}" for name, part in parts.items() if not part.ready]
    if not missing:
        return Readiness(parts=parts)
    told = {name: part.model_dump() for name, part in parts.items()}
    headers = {"Retry-After": str(NotReady.retry_after)}
    return problem(503, "not_ready", "; ".join(missing), headers=headers, parts=told)


def _database(catalogue: Catalogue, keyring: Keyring, settings: Settings) -> Part:
    """Needed until keys and added styles are known, where a database is configured; without it they are painted on."""
    needed = settings.database_url is not None and not (catalogue.complete and keyring.known)
    reason = "its keys and styles are being read" if needed else None
    return Part(ready=not needed, reason=catalogue.trouble or reason)


@router.get("/v1/info", summary="Network, device, formats and limits", responses=problems(401, 403, 503))
async def info(
    painter: Annotated[Painter, Depends(get_painter)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    settings: Annotated[Settings, Depends(get_settings)],
    predictions: Annotated[Predictions, Depends(get_predictions)],
    page: Annotated[PageFiles, Depends(get_page)],
) -> Info:
    return Info(
        version=VERSION,
        network_id=catalogue.network_id,
        small_network_id=catalogue.small_network_id,
        device=str(painter.stylizer.device),
        precision=painter.stylizer.precision,
        canonical_size=painter.stylizer.strokes.canonical,
        painting_size=catalogue.training.objective.painting_size,
        styles=len(catalogue.styles),
        page=page.version,
        predicts=predictions.possible,
        browser_runtime=page.runtime,
        reads=readable_formats(),
        writes=list(get_args(Format)),
        limits=RequestLimits(
            max_upload_bytes=settings.max_upload_bytes,
            max_pixels=settings.max_pixels,
            max_size=settings.max_size,
            min_size=SMALLEST_SIDE,
            max_styles=MOST_BLENDED,
            max_blends=MOST_BLENDS,
            max_grid_pixels=settings.batch_pixels,
        ),
        exemplars=ExemplarLimits(max_seconds=settings.exemplar_max_seconds),
        optimization=OptimizationLimits(
            max_size=settings.optimization_max_size,
            max_steps=settings.optimization_max_steps,
            max_paintings=MOST_PAINTINGS,
        )
        if settings.optimizations
        else None,
        video=VideoLimits(
            max_bytes=settings.video_max_bytes,
            max_seconds=settings.video_max_seconds,
            max_frames=settings.video_max_frames,
            max_pixels=settings.video_max_pixels,
            writes=list(get_args(VideoFormat)),
        )
        if settings.videos
        else None,
    )
