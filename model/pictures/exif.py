"""How a picture is to be turned, from its EXIF block: whatever else is odd in there says nothing of it."""

from __future__ import annotations

import re
import struct

ORIENTATION = 0x0112
WHOLE_NUMBERS = {3: "H", 4: "I"}
"""Types of EXIF's, as `struct` calls them."""


def orientation(block: bytes) -> int | None:
    """The number 1 to 8, or None where it does not stand in the block's first directory."""
    data = re.sub(rb"^(Exif\0\0)+", b"", block)
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (entries,) = struct.unpack_from(f"{order}H", data, start)
        for entry in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", data, entry)
            if tag == ORIENTATION and kind in WHOLE_NUMBERS:
                (value,) = struct.unpack_from(f"{order}{WHOLE_NUMBERS[kind]}", data, entry + 8)
                return int(value) if 1 <= value <= 8 else None
    except struct.error:  # cut short
        pass
    return None
