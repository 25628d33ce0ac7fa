"""A file on disk as an answer: whole, or the parts of it that are asked for."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse, MalformedRangeHeader, RangeNotSatisfiable, Response

from impasto.app.http.etag import has_already
from impasto.model.errors import ImpastoError


class OutOfRange(ImpastoError):
    """A part of a file is asked for that it does not have. headers: how long it is."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has {size:,} bytes, and none where its part is to begin")
        self.headers = {"Content-Range": f"bytes */{size}"}


class _Parts(FileResponse):
    """Starlette's, which answers with plain text to a range that the file has not, or that is none."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except RangeNotSatisfiable as error:
            raise OutOfRange(error.max_size) from None
        except MalformedRangeHeader:
            return []  # the whole file, as RFC 9110, 14.2 has it


def file_unless_had(path: Path, media_type: str, if_none_match: str | None) -> Response:
    """A file as an answer, with its tag; 304 to a client that has it already. Raises FileNotFoundError."""
    answer = _Parts(
        path, media_type=media_type, filename=path.name, stat_result=path.stat(), content_disposition_type="inline"
    )
    tag = answer.headers["etag"]
    return Response(status_code=304, headers={"ETag": tag}) if has_already(if_none_match, tag) else answer
