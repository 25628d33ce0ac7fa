"""Asking a service whether it can paint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from impasto.model.errors import ImpastoError
from impasto.scripts.health import Arguments, run


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a service that answers every probe so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        log_message: Callable[..., None] = lambda *_: None

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_service_that_can_paint_is_healthy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200) as port:
        monkeypatch.setenv("IMPASTO_HOST", host)
        monkeypatch.setenv("IMPASTO_PORT", str(port))
        run(Arguments())


def test_one_that_starts_or_is_not_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(503) as port:
        monkeypatch.setenv("IMPASTO_PORT", str(port))
        with pytest.raises(ImpastoError, match="answers 503"):
            run(Arguments())
    with pytest.raises(ImpastoError, match=f"nobody answers on 127.0.0.1, port {port}"):
        run(Arguments())
