"""Who asks, by the key that comes with the request, and whether that key is good for it."""

from __future__ import annotations

import re

import structlog
from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from impasto.app.access import keys
from impasto.app.access.address import address_of
from impasto.app.access.keyring import Keyring
from impasto.app.database import StoreUnavailable
from impasto.app.http.problem import problem

HEADERS = ("Authorization", "X-API-Key")
"""Where a key is looked for."""
PAINTING = {"/v1/stylize", "/v1/stylize/grid", "/v1/stylize/like"}
"""What is posted and changes nothing."""
PREVIEW = re.compile(r"/v1/styles/[^/]+/preview")
"""A cat, which an <img> of any page can show: it sends no key."""
DOCUMENTED = [
    Security(HTTPBearer(auto_error=False, description="A key, as `impasto keys add` makes it")),
    Security(APIKeyHeader(name="X-API-Key", auto_error=False, description="The same")),
]
"""How the OpenAPI document tells that a route may ask for a key; `Authentication` asks, before a body is read."""


class Authentication:
    """ASGI middleware: lets nobody in who has no key that is good for what is asked, where keys are demanded.

    Says of a request who it is that asks, in its `state.client`: a key or an address; the log has the key's name.
    proxies: see `address_of`.
    """

    def __init__(self, app: ASGIApp, keyring: Keyring, proxies: int) -> None:
        self.app, self._keyring, self._proxies = app, keyring, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["client"] = f"address {address_of(scope, self._proxies)}"
            if refusal := self._refusal(scope):
                return await refusal(scope, receive, send)
        await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        needed = scope_of(scope["method"], scope["path"])
        if needed is None:
            return None
        try:
            demanded = self._keyring.demanded
        except StoreUnavailable as error:
            return problem(503, "store_unavailable", str(error), headers={"Retry-After": str(error.retry_after)})
        token = token_of(Headers(scope=scope))
        key = self._keyring.find(token) if token else None
        if key:
            scope["state"]["client"] = f"key {key.name}"
            structlog.contextvars.bind_contextvars(client=key.name)
        if not demanded or (key and needed in key.scopes):
            return None
        if key:
            return problem(403, "scope_missing", f"this key is not good for that; it takes one with scope {needed!r}")
        challenge = {"WWW-Authenticate": 'Bearer realm="impasto"'}
        if token:
            return problem(401, "unknown_key", "this key is not known here, or not any more", headers=challenge)
        detail = "this service asks for a key: send it as `Authorization: Bearer KEY`, or as `X-API-Key: KEY`"
        return problem(401, "key_required", detail, headers=challenge)


def scope_of(method: str, path: str) -> keys.Scope | None:
    """What a key must be good for; None where none is needed: the page, probes, the OpenAPI document.

    What is new below /v1 and nobody thought of here, needs one.
    """
    if PREVIEW.fullmatch(path) or not path.startswith(("/v1/", "/metrics")):
        return None
    return "paint" if method in ("GET", "HEAD") or path in PAINTING else "manage"


def token_of(headers: Headers) -> str | None:
    """The key that a request brings along."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or None
