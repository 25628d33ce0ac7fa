"""Small files of very large pictures, and small pictures of very much data."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from impasto.model.pictures.images import ImageError, TooManyPixels
from tests.hostile.case import PHOTO, Case, packed
from tests.model.pictures.test_tiff import RGB, tiff
from tests.pictures import encoded, png_chunk, png_file, png_header

ROWS = b"".join(b"\0" + row.tobytes() for row in PHOTO)


def cases() -> Iterator[Case]:
    behind = png_chunk(b"IDAT", packed(100, ROWS))
    yield Case("png of 100 MB behind its pixels", png_file(png_header(56, 40), behind), PHOTO)
    pixels = png_chunk(b"IDAT", packed(100))
    for side, depth, color in ((10_000, 1, 0), (9000, 8, 2), (100_000, 1, 0), (60_000, 8, 3)):
        data = png_file(png_header(side, side, depth=depth, color=color), pixels)
        yield Case(f"png of {side}² pixels of {depth} bits", data, TooManyPixels)
    for side in (1, 32):  # a row of a million pixels
        data = png_file(png_header(2**20, side, depth=1, color=0), png_chunk(b"IDAT", zlib.compress(bytes(2**17 + 1))))
        yield Case(f"png of 2²⁰ × {side} pixels", data, TooManyPixels)
    yield Case("png in a png in a png", _nested(), PHOTO)

    large = Image.new("L", (8000, 8000))
    for name, options in {"JPEG": {}, "GIF": {}, "TIFF": {"compression": "tiff_adobe_deflate"}}.items():
        yield Case(f"{name} of 64 megapixels of black", encoded(large, name, **options), TooManyPixels)
    black = Image.new("1", (20_000, 20_000))
    yield Case("tiff of 400 megapixels as a fax", encoded(black, "TIFF", compression="group4"), TooManyPixels)
    canvas = b"VP8X" + struct.pack("<IB3x", 10, 2) + b"\xff\x3f\0" * 2
    yield Case("webp of 16,384² pixels", b"RIFF" + struct.pack("<I", 4 + len(canvas)) + b"WEBP" + canvas, ImageError)

    for compression, strip in {8: packed(100), 32_773: b"\x81\0" * 1_000_000}.items():
        yield Case(f"tiff of compression {compression} with far too much in a strip", _strip(compression, strip), None)
    lzw = encoded(Image.new("L", (4000, 2000)), "TIFF", compression="tiff_lzw")
    height = lzw.replace(struct.pack("<HHIHH", 257, 3, 1, 2000, 0), struct.pack("<HHIHH", 257, 3, 1, 20, 0))
    yield Case("tiff of far more strips than it has rows", height, np.zeros((20, 4000, 3), np.uint8))
    values = PHOTO.astype(np.int64)[:36, :40]
    yield Case("tiff of a strip for each row", tiff(values, bits=8, photometric=RGB, rows=1), PHOTO[:36, :40])
    yield Case("jpeg of a thousand scans", _of_many_scans(1000), None)


def _nested() -> bytes:
    inner = encoded(PHOTO)
    for _ in range(3):
        inner = inner[:33] + png_chunk(b"zTXt", b"a\0\0" + zlib.compress(inner)) + inner[33:]
    return inner


def _strip(compression: int, strip: bytes) -> bytes:
    """A TIFF of 56 × 40 greys in one strip."""
    tags = [
        (256, 56),
        (257, 40),
        (258, 8),
        (259, compression),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 40),
        (279, len(strip)),
    ]
    table = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(strip)) + strip + table + bytes(4)


def _of_many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is there again and again: each goes over the whole picture."""
    whole = encoded(np.zeros((700, 700, 3), np.uint8), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + whole[-2:]
