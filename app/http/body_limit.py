"""The limit on a request's bytes, in front of everything that reads them."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.app.http.problem import problem

TOO_MANY_BYTES = 413, "too_many_bytes"
"""Status and code of the refusal."""
MOST_OF_JSON = 100_000
"""Bytes of what only tells something, in JSON: it is parsed as a whole, in the event loop."""
FILMS = "/v1/videos"
"""Where more is sent than anywhere else."""
LINGER_SECONDS, LINGER_TIMES = 30, 4
"""How long a body that is refused is read on, and up to how many times what is allowed."""


class TooManyBytes(HTTPException):
    """The request's body is larger than allowed. An HTTPException, since FastAPI turns anything else
    that is raised while it reads a form into a 400."""

    def __init__(self, limit: int) -> None:
        super().__init__(TOO_MANY_BYTES[0], f"the request has more than the {limit:,} bytes that are accepted")


class BodyLimit:
    """ASGI middleware: refuses a body that is too large before it is spooled to memory or disk.

    limit: bytes, of what may carry pictures; JSON, which only PATCH carries, has MOST_OF_JSON. films: of FILMS.

    Many clients read no answer before they have sent everything, and a connection that is closed meanwhile loses it: so
    what still comes is read on and thrown away, for a while.
    FastAPI's own `max_body_size` does neither, and answers with plain text, not with a problem.
    """

    def __init__(self, app: ASGIApp, limit: int, films: int) -> None:
        self.app = app
        self.limit, self.films = limit, films

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        most = self.films if scope["path"] == FILMS else self.limit
        limit = min(MOST_OF_JSON, most) if scope["method"] == "PATCH" else most
        received, whole = 0, False

        async def counted() -> Message:  # the length may be unannounced
            nonlocal received, whole
            message = await receive()
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > limit:
                raise TooManyBytes(limit)
            return message

        async def read_on() -> None:
            nonlocal received, whole
            while not whole and received < LINGER_TIMES * most:
                message = await receive()
                received += len(message.get("body", b""))
                whole = not message.get("more_body", False)

        async def send_refusal(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                return await send(message)
            await send({**message, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    await read_on()
            await send({"type": "http.response.body"})

        async def send_or_refuse(message: Message) -> None:
            await (send_refusal if received > limit else send)(message)

        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            refusal = problem(*TOO_MANY_BYTES, TooManyBytes(limit).detail)
            return await refusal(scope, receive, send_refusal)
        await self.app(scope, counted, send_or_refuse)
