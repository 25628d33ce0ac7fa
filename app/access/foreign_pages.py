"""Pages of others, in the browser of somebody who can reach this service: they cannot use it through him.

A browser sends along no key that a page does not have. Where none is asked for, on loopback above all, two headers
tell what the page cannot forge: `Host`, by which name it believes the service goes, and `Origin`, whose page it is.
"""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from impasto.app.access.authentication import token_of
from impasto.app.http.problem import problem

READING = {"GET", "HEAD", "OPTIONS"}
"""Methods that change nothing; what they answer, a browser shows no page of others."""


class ForeignPages:
    """ASGI middleware: refuses a `Host` that is not ours, and what a foreign page posts, puts or deletes without a key.

    hosts: names that the service goes by, `*.example.org` too; None: any. An address always is one: nobody but its
    owner can serve a page from it, while whoever owns a name can point it here (DNS rebinding).
    origins: of pages that are known.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, origins: Collection[str]) -> None:
        self.app, self._hosts, self._origins = app, hosts, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(scope["method"], Headers(scope=scope))):
            return await refusal(scope, receive, send)
        await self.app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if host and not self._ours(host):
            detail = "this service does not go by the name it was asked by; its owner may add it: IMPASTO_ALLOWED_HOSTS"
            return problem(421, "unknown_host", detail)
        if method in READING or token_of(headers) or self._known(headers, host):
            return None
        detail = "a page of another site may do this with a key only, or when its origin is one of IMPASTO_CORS_ORIGINS"
        return problem(403, "foreign_origin", detail)

    def _ours(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.strip("[]").lower()
        return self._hosts is None or _is_address(name) or any(fnmatchcase(name, each) for each in self._hosts)

    def _known(self, headers: Headers, host: str) -> bool:
        """Whether no browser sent it, or one for a page that is ours, or that is known."""
        origin = headers.get("origin")
        if origin is None or headers.get("sec-fetch-site") == "same-origin":  # so too behind a proxy with another Host
            return True
        return origin.partition("://")[2] == host or origin in self._origins or "*" in self._origins


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
