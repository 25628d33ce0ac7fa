"""Problem details, RFC 9457: how every error is answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from impasto.app.http.request_log import request_id

PROBLEM_JSON = "application/problem+json"


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
) -> JSONResponse:
    """A problem+json response. members: further fields, such as the nearest known style ids."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return JSONResponse(
        {**body, "request_id": request_id(), **members}, status, media_type=PROBLEM_JSON, headers=headers
    )
