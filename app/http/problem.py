"""Problem details, RFC 9457: how every error is answered."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from impasto.app.http.request_log import request_id

PROBLEM_JSON = "application/problem+json"
CODE = "impasto.problem"
"""Where a request's scope says with which problem it was answered."""


class ProblemResponse(JSONResponse):
    """A problem as an answer, which leaves its code with the request, for those who count."""

    media_type = PROBLEM_JSON

    def __init__(self, content: dict[str, Any], status: int, headers: dict[str, str] | None) -> None:
        super().__init__(content, status, headers)
        self.code: str = content["code"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[CODE] = self.code
        await super().__call__(scope, receive, send)


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
) -> ProblemResponse:
    """A problem+json response. members: further fields, such as the nearest known style ids."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return ProblemResponse({**body, "request_id": request_id(), **members}, status, headers)
