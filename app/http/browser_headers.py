"""What browsers are told about everything that the service answers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
"""Only this service's own files, and no code inside the HTML. blob: is what was dropped on the page, or painted;
WebAssembly is what paints on a visitor's own device."""
PERMISSIONS = "camera=(self), display-capture=(), geolocation=(), microphone=()"
"""This service's own pages may ask for the camera, which they paint; nobody may for what else looks and listens."""
INTERACTIVE_DOCUMENTATION = {"/docs", "/docs/oauth2-redirect", "/redoc"}
"""Pages of FastAPI, which load code from elsewhere and have some inside."""


class BrowserHeaders:
    """ASGI middleware: nothing is guessed, framed, or kept without asking again, unless an answer says so itself.

    Pages are isolated from those of other origins, without which browsers give WebAssembly no threads.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Permissions-Policy"] = PERMISSIONS
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers.setdefault("Cache-Control", "no-cache")
                if scope["path"] not in INTERACTIVE_DOCUMENTATION:
                    headers["Content-Security-Policy"] = POLICY
                    headers["Cross-Origin-Opener-Policy"] = "same-origin"
                    headers["Cross-Origin-Embedder-Policy"] = "require-corp"
            await send(message)

        await self.app(scope, receive, send_with_headers)
