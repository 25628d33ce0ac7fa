"""What is said to a client for which there is no connection left."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from impasto.app.http.connection import CROWDED
from impasto.app.http.problem import problem

RETRY_AFTER = 1
"""Seconds: connections come and go."""
PROBES = {"/healthz", "/metrics"}
"""What a crowd keeps nobody from asking: a service that is busy is alive."""


class ConnectionLimit:
    """ASGI middleware: refuses what comes by more connections than may be, before anything of it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("state", {}).get(CROWDED) or scope["path"] in PROBES:
            return await self.app(scope, receive, send)
        detail = "there are as many connections to the service as it allows; try again in a moment"
        headers = {"Retry-After": str(RETRY_AFTER), "Connection": "close"}
        await problem(503, "too_many_connections", detail, headers=headers)(scope, receive, send)
