"""Every request, counted and timed by route and status, and every problem by its code."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.app.http.problem import CODE
from impasto.app.metrics import Metrics

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""What the service knows; others are called _OTHER, as OpenTelemetry does: a label must not be a client's word."""


class RequestMetrics:
    """ASGI middleware: measures what it surrounds."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = time.perf_counter()
        status = 499  # as in the log: the client left before it was answered

        async def send_noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noticed)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "_OTHER"
            route = getattr(scope.get("route"), "path", "")
            self.metrics.requests.labels(method, route, status).observe(time.perf_counter() - started)
            if code := scope.get(CODE):
                self.metrics.rejections.labels(code).inc()
