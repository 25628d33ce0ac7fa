"""Paintings as an answer: the file, and what is told beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, get_args

from fastapi import Response

from impasto.app.http.openapi import BINARY
from impasto.app.painting.paintings import Paintings
from impasto.model.pictures.picture import Format, MovingFormat

HEADERS: dict[str, Any] = {
    name: {"description": text, "schema": {"type": "string"}}
    for name, text in {
        "X-Model-Version": "The id of the network",
        "X-Request-Id": "To find this request in the log",
        "Server-Timing": "Milliseconds in decode, queue, inference, encode",
        "ETag": "Equal for equal questions: sent as If-None-Match, it is answered with 304 instead of a painting",
        "Cache-Status": "Where results are kept: `impasto; hit` if it was painted before",
        "RateLimit": "Where painting is limited: pixels that are left, and seconds until all are there again",
        "RateLimit-Policy": "Where painting is limited: how many pixels a minute",
        "X-Resized-From": "Width and height of the photo, such as 4000x3000, where a limit made the result smaller",
    }.items()
}
PICTURES: dict[str, Any] = {f"image/{name}": BINARY for name in get_args(Format)}
"""Media types of pictures, as OpenAPI describes a body."""
MOVING: dict[str, Any] = {f"image/{name}": BINARY for name in get_args(MovingFormat)}
"""The same of those that move."""


def answer(
    file: bytes, media_type: str, paintings: Paintings, network_id: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """A file of paintings that has just been encoded. network_id: None where no network was asked.

    headers: beside those that every painting has.
    """
    resized = paintings.pictures[0].reduced_from
    timing = {**paintings.timing, "encode": time.perf_counter() - paintings.finished}
    return Response(
        file,
        media_type=media_type,
        headers={
            **(headers or {}),
            **({"X-Resized-From": "{}x{}".format(*resized)} if resized else {}),
            **({"X-Model-Version": network_id} if network_id else {}),
            "Server-Timing": ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in timing.items()),
            "Vary": "Accept",
        },
    )
