"""What is said to a request for which a service that stops can wait no longer."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.app.http.problem import problem

RETRY_AFTER = 2
"""Seconds: another replica answers at once, and this one when it has started again."""


class AnswerAtStop:
    """ASGI middleware: a problem where uvicorn cancels what it has waited for, and would answer with a bare 500."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noticed)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            detail = "the service stops, and could wait for this no longer; try again in a moment"
            headers = {"Retry-After": str(RETRY_AFTER), "Connection": "close"}
            await problem(503, "not_ready", detail, headers=headers)(scope, receive, send)
