"""Connections that end: uvicorn gives a client as long as it likes to send a request and to read the answer.

https://github.com/encode/uvicorn/issues/157
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from impasto.app.http.body_limit import FILMS
from impasto.app.settings import Settings

CROWDED = "crowded"
"""In a request's state: there are more connections than may be, and `ConnectionLimit` refuses it."""
CROWDED_TIMEOUT = 1.0
"""Seconds for a request that will be refused."""
LATE = "late"
"""In a request's state: its body did not come in time, and `ReceiveDeadline` refuses it."""
REFUSAL_TIMEOUT = 1.0
"""Seconds for that."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with a deadline, absolute since every byte from a slow client would move another one.

    It runs while it is the client's turn: from connecting, or from the answer before, until a request has come, body
    included, for which a film has longer; and while more of an answer is waiting than the transport holds, until the
    client has read that. An answer without an end goes on as long as it is read. Then the connection ends; a client
    that was sending a body and has no answer yet is told why.
    """

    def __init__(self, *arguments: Any, settings: Settings, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._settings = settings
        self._receive_timeout = settings.receive_timeout
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._settings.max_connections:
            self.app_state = {**self.app_state, CROWDED: True}
            self._receive_timeout = min(CROWDED_TIMEOUT, self._receive_timeout)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        cycle: RequestResponseCycle | None = self.cycle
        if self._settings.videos and self.scope["path"] == FILMS and cycle is not None and cycle.more_body:
            self._arm(self._settings.video_receive_timeout, self._refuse)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._await_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_request()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._arm(self._settings.send_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._await_request()

    def _await_request(self) -> None:
        """Wait for the client's request, unless it has come and is being answered, or an answer is still to be read."""
        if self.flow.write_paused:
            return
        self._disarm()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete:
            self._arm(self._receive_timeout, self._refuse)

    def _refuse(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or not cycle.more_body or cycle.response_started:
            return self.transport.abort()
        cycle.scope["state"][LATE] = True
        cycle.message_event.set()  # whoever waits for the body looks again
        self._arm(REFUSAL_TIMEOUT, self.transport.abort)

    def _arm(self, seconds: float, then: Callable[[], None]) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, then)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
