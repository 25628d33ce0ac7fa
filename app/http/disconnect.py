"""Stop working for a client that has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request


class ClientDisconnected(Exception):
    """The client closed the connection; there is nobody to answer."""


@asynccontextmanager
async def unless_disconnected(request: Request) -> AsyncIterator[None]:
    """What is done within is cancelled when the client of `request` leaves.

    The request's body must have been read. Raises ClientDisconnected.
    """
    working = asyncio.current_task()
    assert working is not None
    left = False

    async def watch() -> None:
        nonlocal left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left = True
        working.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not left:
            raise
        working.uncancel()
        raise ClientDisconnected from None
    finally:
        watching.cancel()
