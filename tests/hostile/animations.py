"""Pictures that move, or say so: the first frame is what is seen, however many there are and whatever they are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.hostile.case import PHOTO, Case
from tests.pictures import Pixels, encoded, png_chunk

FEW: Pixels = PHOTO // 128 * 255
"""The photo in few colours, which a GIF keeps."""


def other() -> Image.Image:
    """Another frame: anew each time, since Pillow notes in a picture how it is written."""
    return Image.fromarray(255 - FEW)


def cases() -> Iterator[Case]:
    yield from _gif()
    yield from _png()
    first = Image.fromarray(PHOTO)
    frames = [other(), first.rotate(90, expand=False)] * 30
    opaque = np.dstack([PHOTO, np.full((40, 56), 255, np.uint8)])  # as those that move are written
    yield Case("webp of 61 frames", encoded(PHOTO, "WEBP", lossless=True, save_all=True, append_images=frames), opaque)
    yield Case("webp that moves, of a frame too large", _of_a_large_frame(), None)
    yield Case("avif of 9 frames", encoded(PHOTO, "AVIF", speed=10, save_all=True, append_images=frames[:8]), PHOTO, 8)
    pages = encoded(PHOTO, "TIFF", save_all=True, append_images=[other()] * 300)
    yield Case("tiff of 301 pages", pages, PHOTO)
    yield Case(
        "mpo of 20 pictures",
        encoded(PHOTO, "MPO", quality=95, subsampling=0, save_all=True, append_images=[other()] * 19),
        PHOTO,
        4,
    )


def _gif() -> Iterator[Case]:
    whole = encoded(FEW, "GIF")
    frame = whole[13:] if not whole[10] & 128 else whole[13 + 3 * 2 ** ((whole[10] & 7) + 1) :]
    frame = frame[:-1]
    yield Case("gif of 2,000 frames", whole[:-1] + frame * 2000 + b";", FEW)
    yield Case("gif of as many frames as there is room, without an end", whole[:-1] + frame * 300, FEW)
    for disposal in range(8):
        control = b"\x21\xf9\x04" + bytes([disposal << 2, 0, 0, 0, 0])
        start = len(whole) - len(frame) - 1
        yield Case(f"gif of disposal {disposal}", whole[:start] + control + frame + control + frame + b";", FEW)
    small = b"\x2c" + struct.pack("<HHHHB", 65_000, 65_000, 500, 500, 0) + b"\2\1\x2c\0"
    yield Case("gif of a second frame far outside", whole[:-1] + small + b";", FEW)
    large = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\2\1\x2c\0"
    yield Case("gif of a second frame of 4 gigapixels", whole[:-1] + large + b";", FEW)
    yield Case("gif in a gif", whole[:-1] + b"\x21\xff\x0bNETSCAPE2.0" + b"\xff" + whole[:255] + b"\0;", FEW)
    loops = b"\x21\xff\x0bNETSCAPE2.0\3\1\xff\xff\0" * 5000
    yield Case("gif that repeats 5,000 times without end", whole[:-1] + loops + b";", FEW)


def _png() -> Iterator[Case]:
    still = encoded(PHOTO)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PHOTO))
    whole = encoded(PHOTO, save_all=True, append_images=[other()] * 200)
    yield Case("png of 201 frames", whole, PHOTO)
    for count in (0, 1, 2**31 - 1, 2**32 - 1):
        control = png_chunk(b"acTL", struct.pack(">II", count, 0))
        yield Case(f"png that is said to have {count} frames", still[:33] + control + still[33:], PHOTO)

    def frame(width: int, height: int, left: int = 0, top: int = 0, dispose: int = 0, blend: int = 0) -> bytes:
        return png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, height, left, top, 1, 1, dispose, blend))

    control = png_chunk(b"acTL", struct.pack(">II", 2, 0))
    for name, odd in {
        "of no size": frame(0, 0),
        "of 4 gigapixels": frame(2**31 - 1, 2**31 - 1),
        "outside": frame(56, 40, 2**31 - 1, 2**31 - 1),
        "disposed of in no known way": frame(56, 40, dispose=255),
        "blended in no known way": frame(56, 40, blend=255),
    }.items():
        yield Case(f"png of a first frame {name}", still[:33] + control + odd + still[33:], PHOTO)
        data = png_chunk(b"fdAT", struct.pack(">I", 1) + pixels)
        yield Case(
            f"png of a second frame {name}", still[:33] + control + still[33:-12] + odd + data + still[-12:], PHOTO
        )
    yield Case("png of 2,000 controls", still[:33] + control * 2000 + still[33:], PHOTO)


def _of_a_large_frame() -> bytes:
    data = bytearray(encoded(PHOTO, "WEBP", save_all=True, append_images=[other(), Image.fromarray(np.flip(PHOTO, 0))]))
    frame = data.index(b"ANMF") + 8
    data[frame + 6 : frame + 12] = b"\xff" * 6
    return bytes(data)
