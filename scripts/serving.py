"""What `impasto serve` does: the application in a process of its own."""

from __future__ import annotations

import gc
import signal
import socket
from functools import partial
from types import FrameType

import uvicorn

from impasto.app.http.connection import Connection
from impasto.app.http.request_log import configure_logging
from impasto.app.main import create_app
from impasto.app.settings import read_settings
from impasto.model.network.allocator import keep_freed_memory

DRAIN = 20
"""Seconds for what was asked for before the service was told to stop."""
GRACE = 30
"""Seconds after which it is over, whatever hangs; Kubernetes kills after as many."""


def serve() -> None:
    """Serve until stopped. Raises InvalidSettings, and what `create_app` raises."""
    settings = read_settings()
    configure_logging(settings.log_format)
    keep_freed_memory()
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=partial(Connection, settings=settings),  # type: ignore[arg-type]  # it is called, and nothing else
        ws="none",  # a protocol without deadlines, which nothing here speaks
        proxy_headers=False,  # X-Forwarded-For is anybody's word
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=DRAIN,
    )
    _Server(config).run()


class _Server(uvicorn.Server):
    """Tells answers without an end that the service stops, before it waits for all of them, and ends whatever hangs.

    What has been imported and loaded when it starts stays to the end: to look through that for cycles every few hundred
    pictures took a fifth of a second, in which Python did nothing else.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.stopping.set()  # type: ignore[union-attr]
        if not self.should_exit:
            signal.alarm(GRACE)  # the system's, for a thread that hangs holds up all that Python does at exit
        if sig == signal.SIGTERM:
            self.should_exit = True  # and 0 in the end, where uvicorn would die of the signal
        else:
            super().handle_exit(sig, frame)
