"""Ask a running service whether it can paint; the exit code is 0 if it can, else 1.

    impasto health

It asks where IMPASTO_HOST and IMPASTO_PORT say, on this machine.
"""

from __future__ import annotations

from dataclasses import dataclass

TIMEOUT = 3
"""Seconds to wait for the answer."""


@dataclass(frozen=True)
class Arguments:
    pass


def run(_: Arguments) -> None:
    from http.client import HTTPConnection, HTTPException

    from impasto.app.settings import read_settings
    from impasto.model.errors import ImpastoError

    settings = read_settings()
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    try:
        connection = HTTPConnection(host, settings.port, timeout=TIMEOUT)
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise ImpastoError(f"nobody answers on {host}, port {settings.port} ({error})") from error
    if status != 200:
        raise ImpastoError(f"the service on {host}, port {settings.port}, answers {status}")
