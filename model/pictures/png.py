"""What of a PNG is read: nothing else that stands in the file can refuse its picture.

Programs write workflows and histories of megabytes into PNGs, and some write them wrong.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from impasto.model.pictures.strips import strips

SIGNATURE = b"\x89PNG\r\n\x1a\n"
READ = (b"tRNS", b"eXIf")
"""Chunks that a decoder is left beside the critical ones, whose names begin with a capital letter."""
SMALL = {"L;2": 3, "L;4": 15, "L": 255}
"""Pillow's raw modes of greys up to 8 bits -> the largest grey."""
HIGH_BYTES, LOW_BYTES = "RGB;16B", "RGB;16L"
"""Pillow's raw modes of 16-bit colours, of which it reads one half: the first is the one that it chooses."""


@dataclass(frozen=True)
class Pared:
    """A PNG without what its picture does not need; its ICC profile and its texts by their keywords, as bytes."""

    file: bytes
    profile: bytes | None = None
    texts: dict[bytes, bytes] = field(default_factory=dict)


def pare(data: bytes, *, at_most: int) -> Pared | None:
    """Take a PNG apart. Of what is not critical, a broken chunk is left out; else whoever decodes it finds the fault.

    at_most: bytes of profile and texts, unpacked; None if there are more.
    """
    kept: list[bytes | memoryview] = [SIGNATURE]
    profile, texts, room = None, {}, at_most
    for kind, chunk in _chunks(memoryview(data)):
        if kind[:1].isupper():
            kept.append(chunk)
            continue
        body = bytes(chunk[8:-4])
        if zlib.crc32(kind + body) != int.from_bytes(chunk[-4:], "big"):
            continue
        if kind in READ:
            kept.append(chunk)
        keyword, _, value = body.partition(b"\0")
        if kind == b"iCCP":
            profile = content = _unpacked(value[1:], room)
        elif kind == b"tEXt":
            content = texts[keyword] = value
        elif kind == b"zTXt":
            content = texts[keyword] = _unpacked(value[1:], room)
        elif kind == b"iTXt":
            _, _, text = value[2:].partition(b"\0")[2].partition(b"\0")  # behind a language, and the keyword in it
            content = texts[keyword] = _unpacked(text, room) if value[:1] == b"\1" else text
        else:
            continue
        room -= len(content)
        if room < 0:
            return None
    return Pared(b"".join(kept), profile, texts)


def has_more_chunks(data: bytes, most: int) -> bool:
    """Whether a PNG has more than so many chunks."""
    return any(number > most for number, _ in enumerate(_chunks(memoryview(data)), start=1))


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks of a PNG with their names up to the end; the last one may be cut short."""
    position = len(SIGNATURE)
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position) if position + 8 <= len(data) else (0, b"IEND")
        yield kind, data[position : position + 12 + length]
        position += 12 + length
        if kind == b"IEND":
            return


def _unpacked(packed: bytes, at_most: int) -> bytes:
    """Nothing of what is broken, and of what is too large one byte more than allowed."""
    try:
        return zlib.decompressobj().decompress(packed, at_most + 1)
    except zlib.error:
        return b""


def load(image: PngImageFile) -> None:
    """Decode an opened PNG, whose transparent colour Pillow compares as it stands in the file, whatever the depth."""
    color, (tile,) = image.info.get("transparency"), image.tile
    if color is not None and tile.args in SMALL:
        largest = SMALL[tile.args]
        image.info["transparency"] = (color & largest) * 255 // largest
    if color is None or tile.args != HIGH_BYTES:
        image.load()
        return
    assert isinstance(image.fp, io.BytesIO)
    low = PngImageFile(io.BytesIO(image.fp.getvalue()))
    low.tile = [tile._replace(args=LOW_BYTES)]
    transparent = _of_color(low, [value & 255 for value in color])
    del low
    transparent &= _of_color(image, [value >> 8 for value in color])
    del image.info["transparency"]
    image.putalpha(Image.fromarray(np.where(transparent, 0, 255).astype(np.uint8)))


def _of_color(image: Image.Image, color: list[int]) -> NDArray[np.bool_]:
    """Which pixels (H, W) have exactly that colour."""
    image.load()
    found = np.empty(image.size[::-1], np.bool_)
    for rows in strips(*found.shape):
        found[rows] = (np.asarray(image.crop((0, rows.start, image.width, rows.stop))) == color).all(2)
    return found
