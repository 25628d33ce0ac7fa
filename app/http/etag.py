"""Entity tags of pictures, and what a client says that it has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from starlette.responses import Response


def entity_tag(body: bytes) -> str:
    """A strong entity tag: equal for equal files, quoted as the header wants it."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def unless_had(
    body: bytes, media_type: str, if_none_match: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """A file as an answer with its tag; 304 to a client that has it already."""
    tagged = {"ETag": entity_tag(body), **(headers or {})}
    if has_already(if_none_match, tagged["ETag"]):
        return Response(status_code=304, headers=tagged)
    return Response(body, media_type=media_type, headers=tagged)


def has_already(if_none_match: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names a tag: alone or in a list, strong or weak, or as *."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in re.findall(r'"[^"]*"', if_none_match)
