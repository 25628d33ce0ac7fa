"""What goes wrong, as RFC 9457 problem details: one table from our exceptions to HTTP.

ServiceError
├── QueueFull           429  with Retry-After
├── DeadlineExceeded    504
├── NotReady            503  with Retry-After
├── LossNetworkAbsent   503
├── OptimizationsOff    403
└── InvalidRequest      422  a field beyond the service's limits
TooManyBytes            413
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from impasto.app.database import StoreUnavailable
from impasto.app.http.request_log import request_id
from impasto.app.jobs.jobs import FitRunning, JobFinished, JobsFull, KeyReused, NoResult, UnknownJob
from impasto.app.styles.catalogue import BuiltInStyle, ReservedId
from impasto.app.styles.store import NoSuchStyle, StyleExists
from impasto.model.painting.stylizer import OutOfMemory
from impasto.model.pictures.images import TooManyPixels, TooSmall, UndecodableImage, UnsupportedFormat
from impasto.model.styles.blend import InvalidWeights
from impasto.model.styles.pack import ForeignPack, PackError
from impasto.model.styles.paintings import UnusablePainting
from impasto.model.styles.style import InvalidStyle
from impasto.model.styles.table import UnknownStyle

PROBLEM_JSON = "application/problem+json"


class ServiceError(Exception):
    """A request that the service cannot answer as asked; the message is for its sender."""


class QueueFull(ServiceError):
    """As many requests as fit are being painted or waiting."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("as many pictures as fit are waiting to be painted; try again later")
        self.retry_after = math.ceil(retry_after)


class DeadlineExceeded(ServiceError):
    """The picture was not painted in time."""


class NotReady(ServiceError):
    """The network is not loaded, or not any more."""

    retry_after = 2


class LossNetworkAbsent(ServiceError):
    """Nothing that needs the loss network can be done here: it was never fetched."""

    retry_after = 60


class OptimizationsOff(ServiceError):
    """This service makes no pictures by optimisation."""


class InvalidRequest(ServiceError):
    """A field beyond the limits of this service."""


class TooManyBytes(HTTPException):
    """The request's body is larger than allowed. An HTTPException, since FastAPI turns anything else
    that is raised while it reads a form into a 400."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the request has more than the {limit:,} bytes that are accepted")


CODES: dict[type[Exception], tuple[int, str]] = {
    UndecodableImage: (400, "undecodable_image"),
    UnsupportedFormat: (415, "unsupported_format"),
    TooManyPixels: (413, "too_many_pixels"),
    TooManyBytes: (413, "too_many_bytes"),
    TooSmall: (422, "image_too_small"),
    UnknownStyle: (404, "unknown_style"),
    NoSuchStyle: (404, "unknown_style"),
    StyleExists: (409, "style_exists"),
    BuiltInStyle: (403, "built_in_style"),
    OptimizationsOff: (403, "optimizations_off"),
    PackError: (400, "invalid_pack"),
    ForeignPack: (409, "foreign_pack"),
    InvalidWeights: (422, "invalid_weights"),
    InvalidRequest: (422, "invalid_request"),
    ReservedId: (422, "invalid_request"),
    InvalidStyle: (422, "invalid_request"),
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
    UnusablePainting: (422, "unusable_painting"),
}
"""Exception -> status and stable code."""


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
) -> JSONResponse:
    """A problem+json response. members: further fields, such as the nearest known style ids."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return JSONResponse(
        {**body, "request_id": request_id(), **members}, status, media_type=PROBLEM_JSON, headers=headers
    )


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    for kind in CODES:
        if kind is not TooManyBytes:
            app.add_exception_handler(kind, _ours)
    app.add_exception_handler(RequestValidationError, _invalid_fields)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    status, code = CODES[type(error)]
    if isinstance(error, UnknownStyle):
        return problem(status, code, str(error), nearest=error.nearest)
    if isinstance(error, QueueFull | JobsFull | NotReady | LossNetworkAbsent | StoreUnavailable):
        return problem(status, code, str(error), headers={"Retry-After": str(error.retry_after)})
    return problem(status, code, str(error))


async def _invalid_fields(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]), "message": fault["msg"]}
        for fault in jsonable_encoder(error.errors())
    ]
    missing = all(fault["type"] == "missing" for fault in error.errors())
    detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in fields)
    return problem(422, "missing_field" if missing else "invalid_field", detail, errors=fields)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, TooManyBytes):
        return problem(*CODES[TooManyBytes], error.detail)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))


async def _bug(request: Request, error: Exception) -> JSONResponse:
    detail = "this is a fault of the service; the log has it under the request id"
    # answered outside `RequestLog`, which adds the header elsewhere
    return problem(500, "internal_error", detail, headers={"X-Request-Id": request_id()})
