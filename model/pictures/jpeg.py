"""How often a JPEG draws the whole picture: of a progressive one, some hundred bytes ask for one more time."""

from __future__ import annotations

import re

SCAN, END = b"\xda", b"\xd9"
MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""What ends the bits of a scan: neither a stuffed zero nor one of the marks to begin again from."""


def has_more_scans(data: bytes, most: int) -> bool:
    """Whether a JPEG's file has more than so many scans, up to where it ends or is broken; none is decoded."""
    if data.count(b"\xff" + SCAN) <= most:  # far faster, and enough but where a film follows the picture
        return False
    count, found = 0, MARKER.search(data, 2)
    while found and found[1] != END and count <= most:
        count += found[1] == SCAN
        length = int.from_bytes(data[found.end() : found.end() + 2])
        found = MARKER.search(data, found.end() + length)
    return count > most
