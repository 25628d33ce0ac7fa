"""What goes wrong, as RFC 9457 problem details: one table from everyone's errors to HTTP, on top of everything.

An error class lives with what raises it; nothing but the application imports this file.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from impasto.app.access.rates import RateExceeded
from impasto.app.database import StoreUnavailable
from impasto.app.dependencies import NotReady
from impasto.app.http.body_limit import TOO_MANY_BYTES, TooManyBytes
from impasto.app.http.disconnect import ClientDisconnected
from impasto.app.http.file import OutOfRange
from impasto.app.http.problem import problem
from impasto.app.jobs.exemplars import TooMuchWork
from impasto.app.jobs.jobs import FitRunning, JobFinished, JobsFull, KeyReused, NoResult, UnknownJob
from impasto.app.jobs.submission import OptimizationsOff, VideosOff
from impasto.app.painting.admission import QueueFull
from impasto.app.painting.codec import DeadlineExceeded
from impasto.app.painting.loss_network import LossNetworkAbsent
from impasto.app.styles.catalogue import BuiltInStyle
from impasto.app.styles.exports import UnknownNetwork
from impasto.app.styles.store import NoSuchStyle, StyleExists
from impasto.model.errors import DiskFull, InvalidValue
from impasto.model.network.checkpoint import NoSmallNetwork
from impasto.model.painting.memory import OutOfMemory
from impasto.model.perception.loss_network import LossNetworkMissing
from impasto.model.pictures.images import TooManyPixels, TooMuchMetadata, TooSmall, UndecodableImage, UnsupportedFormat
from impasto.model.prediction.file import NoPredictor
from impasto.model.styles.blend import InvalidWeights
from impasto.model.styles.pack import ForeignPack, PackError
from impasto.model.styles.paintings import UnusablePainting
from impasto.model.styles.table import NoVector, UnknownStyle
from impasto.model.video.clip import NotAVideo, UnsupportedVideo, VideoTooLong
from impasto.model.video.packages import PackagesMissing

DISK_FULL = 503, "disk_full"
"""Status and code where an upload cannot be kept."""

log = structlog.stdlib.get_logger(__name__)

CODES: dict[type[Exception], tuple[int, str]] = {
    UndecodableImage: (400, "undecodable_image"),
    UnsupportedFormat: (415, "unsupported_format"),
    TooManyPixels: (413, "too_many_pixels"),
    TooMuchMetadata: (413, "too_much_metadata"),
    TooSmall: (422, "image_too_small"),
    UnknownStyle: (404, "unknown_style"),
    NoVector: (409, "not_of_small_network"),
    NoSuchStyle: (404, "unknown_style"),
    UnknownNetwork: (404, "unknown_network"),
    StyleExists: (409, "style_exists"),
    BuiltInStyle: (403, "built_in_style"),
    OptimizationsOff: (403, "optimizations_off"),
    VideosOff: (403, "videos_off"),
    PackagesMissing: (403, "videos_off"),
    PackError: (400, "invalid_pack"),
    ForeignPack: (409, "foreign_pack"),
    NoSmallNetwork: (422, "no_small_network"),
    NoPredictor: (422, "no_predictor"),
    InvalidWeights: (422, "invalid_weights"),
    TooMuchWork: (422, "too_much_work"),
    InvalidValue: (422, "invalid_request"),
    RateExceeded: (429, "rate_exceeded"),
    QueueFull: (429, "queue_full"),
    NotReady: (503, "not_ready"),
    OutOfMemory: (503, "out_of_memory"),
    StoreUnavailable: (503, "store_unavailable"),
    DeadlineExceeded: (504, "deadline_exceeded"),
    UnknownJob: (404, "unknown_job"),
    NoResult: (404, "no_result"),
    JobFinished: (409, "job_finished"),
    FitRunning: (409, "fit_running"),
    KeyReused: (422, "idempotency_key_reused"),
    JobsFull: (429, "queue_full"),
    LossNetworkAbsent: (503, "loss_network_missing"),
    LossNetworkMissing: (503, "loss_network_missing"),
    UnusablePainting: (422, "unusable_painting"),
    NotAVideo: (400, "undecodable_video"),
    UnsupportedVideo: (415, "unsupported_video"),
    VideoTooLong: (413, "video_too_long"),
    OutOfRange: (416, "range_not_satisfiable"),
    DiskFull: DISK_FULL,
}
"""Class of error -> status and stable code, its subclasses' too unless they have their own."""
RETRY_AFTER = 5
"""Seconds, of a 503 that knows no better: what is short may have been given back by then."""


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem; `fault` is for others."""
    for kind in CODES:
        app.add_exception_handler(kind, _ours)
    app.add_exception_handler(ClientDisconnected, _nobody)
    app.add_exception_handler(RequestValidationError, _invalid_fields)
    app.add_exception_handler(HTTPException, _http)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    status, code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
    if isinstance(error, UnknownStyle):
        return problem(status, code, str(error), nearest=error.nearest)
    retry_after = getattr(error, "retry_after", RETRY_AFTER if status == 503 else None)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    headers |= getattr(error, "headers", {})
    return problem(status, code, str(error), headers=headers)


async def _nobody(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # as nginx calls a client that left before it was answered


async def _invalid_fields(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {
            "field": ".".join(map(str, fault["loc"][1:] or fault["loc"])),
            "message": fault["msg"].removeprefix("Value error, "),
        }
        for fault in jsonable_encoder(error.errors())
    ]
    missing = all(fault["type"] == "missing" for fault in error.errors())
    detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in fields)
    return problem(422, "missing_field" if missing else "invalid_field", detail, errors=fields)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, TooManyBytes):
        return problem(*TOO_MANY_BYTES, error.detail)
    if isinstance(error.__cause__, OSError):  # FastAPI makes a 400 of whatever is raised while it reads a form
        log.error("an upload cannot be kept in the folder for temporary files", reason=str(error.__cause__))
        detail = "there is no room for so large a request now; try again in a moment, or send a smaller picture"
        return problem(*DISK_FULL, detail, headers={"Retry-After": str(RETRY_AFTER)})
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))


async def fault(request: Request, error: Exception) -> JSONResponse:
    """What is answered to an error that nobody foresaw."""
    return problem(500, "internal_error", "this is a fault of the service; the log has it under the request id")
