"""How much work a JPEG announces: some bytes make a segment, and some hundred another scan of the whole picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

SIGNATURE = b"\xff\xd8"
SCAN, END = b"\xda", b"\xd9"
MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""What ends the bits of a scan: neither a stuffed zero nor one of the marks to begin again from."""


def has_more_segments(data: bytes, most: int) -> bool:
    """Whether there are more than so many segments before the first scan."""
    return any(number > most for number, _ in enumerate(takewhile(lambda kind: kind != SCAN, _segments(data)), start=1))


def has_more_scans(data: bytes, most: int) -> bool:
    """Whether there are more than so many scans. None is decoded."""
    if data.count(b"\xff" + SCAN) <= most:  # far faster, and enough but where a film follows the picture
        return False
    scans = (kind for kind in _segments(data) if kind == SCAN)
    return any(number > most for number, _ in enumerate(scans, start=1))


def _segments(data: bytes) -> Iterator[bytes]:
    """The kinds of a file's segments, up to where it ends or is broken."""
    found = MARKER.search(data, len(SIGNATURE))
    while found and found[1] != END:
        yield found[1]
        length = int.from_bytes(data[found.end() : found.end() + 2])
        found = MARKER.search(data, found.end() + length)
