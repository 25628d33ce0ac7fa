"""The limit on a request's bytes, in front of everything that reads them."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.app.http.problem import problem

TOO_MANY_BYTES = 413, "too_many_bytes"
"""Status and code of the refusal."""


class TooManyBytes(HTTPException):
    """The request's body is larger than allowed. An HTTPException, since FastAPI turns anything else
    that is raised while it reads a form into a 400."""

    def __init__(self, limit: int) -> None:
        super().__init__(TOO_MANY_BYTES[0], f"the request has more than the {limit:,} bytes that are accepted")


class BodyLimit:
    """ASGI middleware: refuses a body that is too large before it is spooled to memory or disk.

    FastAPI's own `max_body_size` does the same, but answers with plain text, not with a problem.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > self.limit:
            refusal = problem(*TOO_MANY_BYTES, TooManyBytes(self.limit).detail, headers={"Connection": "close"})
            return await refusal(scope, receive, send)
        received = 0

        async def counted() -> Message:  # the length may be unannounced
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise TooManyBytes(self.limit)
            return message

        await self.app(scope, counted, send)
