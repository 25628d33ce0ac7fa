"""What is said to a client whose request did not come in time."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.app.http.connection import LATE


class TooSlow(HTTPException):
    """A body that was not there in time. An HTTPException for the reason of `TooManyBytes`."""

    def __init__(self) -> None:
        detail = "the request did not come in time; send it faster, or a smaller picture"
        super().__init__(408, detail, {"Connection": "close"})


class ReceiveDeadline:
    """ASGI middleware: refuses a body of which `Connection` has waited long enough for the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_in_time() -> Message:
            message = await receive()
            if message.get("more_body") and scope["state"].get(LATE):
                raise TooSlow
            return message

        await self.app(scope, receive_in_time, send)
