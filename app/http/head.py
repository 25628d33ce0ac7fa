"""HEAD for everything that can be fetched with GET: the same answer without its body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """ASGI middleware: answers HEAD with the headers of GET. FastAPI's own routes know GET only."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self.app(scope, receive, send)

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body"})  # at once: some bodies have no end

        told_where = {**scope.get("extensions", {}), "http.response.pathsend": {}}  # so that no file is read in vain
        await self.app({**scope, "method": "GET", "extensions": told_where}, receive, send_headers)
