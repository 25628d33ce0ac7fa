"""What may stand before the first part of a form, and is to be ignored (RFC 2046, 5.1.1)."""

from __future__ import annotations

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class WithoutPreamble:
    """ASGI middleware: takes the preamble away from a form, of which python-multipart makes an error."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        kind, options = parse_options_header(Headers(scope=scope).get("content-type"))
        if kind != b"multipart/form-data" or b"boundary" not in options:
            return await self.app(scope, receive, send)
        line = b"\r\n--" + options[b"boundary"]
        held: bytes | None = b"\r\n"  # what may be the beginning of that line; None behind it

        async def receive_form() -> Message:
            nonlocal held
            message = await receive()
            if held is None or message["type"] != "http.request":
                return message
            held += message.get("body", b"")
            _, found, behind = held.partition(line)
            if found:
                held = None
                return {**message, "body": line[2:] + behind}
            held = held[-len(line) :]
            return {**message, "body": b""}

        await self.app(scope, receive_form, send)
