"""Files whose headers say what is not so: sizes, depths, counts, lengths and places."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from impasto.model.pictures.images import ImageError, TooManyPixels, UndecodableImage
from tests.hostile.case import PHOTO, Case
from tests.pictures import encoded, png_chunk, png_file, png_header

HUGE = 2**32 - 1
ROWS = b"".join(b"\0" + row.tobytes() for row in PHOTO)
"""What a PNG of the photo compresses."""


def cases() -> Iterator[Case]:
    yield from _png()
    yield from _jpeg()
    yield from _gif()
    yield from _tiff()
    yield from _webp()
    yield from _avif()


def _png() -> Iterator[Case]:
    packed = zlib.compress(ROWS)
    header, body = png_header(56, 40), png_chunk(b"IDAT", packed)
    for side in (0, 2**31 - 1, 2**31, HUGE):
        yield Case(f"png {side} wide", png_file(png_header(side, 40), body), ImageError)
        yield Case(f"png {side} high", png_file(png_header(56, side), body), ImageError)
    yield Case("png 60,000 × 60,000", png_file(png_header(60_000, 60_000), body), TooManyPixels)
    yield Case("png of one row too many", png_file(png_header(56, 41), body), None)
    yield Case("png of fewer rows than there are", png_file(png_header(56, 32), body), PHOTO[:32])
    yield Case("png that is wider than its rows", png_file(png_header(57, 40), body), UndecodableImage)
    for depth in (0, 3, 5, 7, 9, 32, 255):
        yield Case(f"png of {depth} bits", png_file(png_header(56, 40, depth=depth), body), ImageError)
    for color in (1, 5, 7, 255):
        yield Case(f"png of colours {color}", png_file(png_header(56, 40, color=color), body), ImageError)
    for place, field in enumerate(("compression", "filter", "interlacing")):
        how = (9 * (place == 0), 9 * (place == 1), 9 * (place == 2))
        yield Case(f"png of {field} 9", png_file(png_header(56, 40, how=how), body), None)
    yield Case("png whose header is short", png_file(png_chunk(b"IHDR", bytes(9)), body), ImageError)
    yield Case("png without a header", png_file(body), ImageError)
    yield Case("png that ends before it begins", png_file(png_chunk(b"IEND", b""), header, body), ImageError)
    yield Case("png of two headers", png_file(header, png_header(8, 8), body), None)
    yield Case("png without pixels", png_file(header), UndecodableImage)
    yield Case("png of empty pixels", png_file(header, png_chunk(b"IDAT", b"")), UndecodableImage)
    yield Case("png whose pixels are no zlib", png_file(header, png_chunk(b"IDAT", ROWS)), UndecodableImage)
    pieces = [png_chunk(b"IDAT", packed[n : n + 1]) for n in range(len(packed))]
    yield Case("png of a chunk for each byte", png_file(header, *pieces), PHOTO)
    for filtering in (5, 255):
        rows = ROWS.replace(ROWS[:169], bytes([filtering]) + ROWS[1:169], 1)
        yield Case(f"png of filter {filtering}", png_file(header, png_chunk(b"IDAT", zlib.compress(rows))), ImageError)
    whole = png_file(header, body)
    for length in (0, 1, 2**31 - 1, HUGE):
        lying = whole[:33] + struct.pack(">I", length) + whole[37:]
        yield Case(f"png whose pixels have {length} bytes", lying, PHOTO if length > 1 else UndecodableImage)
        yield Case(
            f"png whose header has {length} bytes", whole[:8] + struct.pack(">I", length) + whole[12:], ImageError
        )
    yield Case("png whose header has another sum", whole[:29] + bytes(4) + whole[33:], ImageError)
    yield Case("png whose pixels have another sum", whole[:-16] + bytes(4) + whole[-12:], None)
    yield Case("png of an unknown critical chunk", whole[:33] + png_chunk(b"ABCD", b"?") + whole[33:], None)
    palette = png_file(
        png_header(56, 40, color=3), png_chunk(b"IDAT", zlib.compress(b"".join(bytes(57) for _ in range(40))))
    )
    yield Case("png without its palette", palette, None)


def _segment(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def _jpeg() -> Iterator[Case]:
    whole = encoded(PHOTO, "JPEG", quality=95)
    frame = whole.index(b"\xff\xc0")
    scan = whole.index(b"\xff\xda")

    def patched(place: int, new: bytes) -> bytes:
        return whole[:place] + new + whole[place + len(new) :]

    for height, width in ((0, 56), (40, 0), (0, 0)):
        yield Case(f"jpeg {width} × {height}", patched(frame + 5, struct.pack(">HH", height, width)), ImageError)
    yield Case("jpeg 65,535 × 65,535", patched(frame + 5, b"\xff" * 4), TooManyPixels)
    yield Case("jpeg of more rows than there are", patched(frame + 5, struct.pack(">H", 4000)), None)
    for precision in (0, 1, 4, 9, 12, 16, 255):
        yield Case(f"jpeg of {precision} bits", patched(frame + 4, bytes([precision])), ImageError)
    for count in (0, 1, 2, 4, 5, 255):
        yield Case(f"jpeg of {count} colours", patched(frame + 9, bytes([count])), ImageError)
    for sampling in (0x00, 0x0F, 0xF0, 0x55, 0xFF):
        yield Case(f"jpeg sampled {sampling:02x}", patched(frame + 11, bytes([sampling])), ImageError)
    yield Case("jpeg with a table that is not there", patched(frame + 12, b"\x03"), ImageError)
    yield Case("jpeg whose scan has five colours", patched(scan + 4, b"\5"), ImageError)
    yield Case("jpeg whose scan has an unknown colour", patched(scan + 5, b"\x77"), ImageError)
    yield Case("jpeg whose scan has tables that are not there", patched(scan + 6, b"\x33"), ImageError)
    for kind, name in ((0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic"), (0xCF, "of no known kind")):
        yield Case(f"jpeg that is said to be {name}", patched(frame + 1, bytes([kind])), None)
    yield Case("jpeg that is said to be progressive", patched(frame + 1, b"\xc2"), None)
    for length in (0, 1, 2, 0xFFFF):
        yield Case(f"jpeg whose frame has {length} bytes", patched(frame + 2, struct.pack(">H", length)), ImageError)
        yield Case(f"jpeg whose first segment has {length} bytes", patched(4, struct.pack(">H", length)), None)
    crowded = _segment(0xC4, b"\0" + b"\xff" * 16 + bytes(200))
    yield Case("jpeg of codes that are too many", whole[:scan] + crowded + whole[scan:], ImageError)
    yield Case("jpeg of no codes", whole[:scan] + _segment(0xC4, bytes(17)) + whole[scan:], None)
    yield Case("jpeg of a restart after each block", whole[:scan] + _segment(0xDD, b"\0\1") + whole[scan:], None)
    yield Case("jpeg without a frame", whole[:frame] + whole[scan:], ImageError)
    yield Case("jpeg without a scan", whole[:scan] + b"\xff\xd9", ImageError)
    yield Case("jpeg of two frames", whole[:scan] + whole[frame:], None)
    yield Case("jpeg in a jpeg", b"\xff\xd8" + whole, None)
    yield Case("jpeg of fill bytes", whole[:2] + b"\xff" * 5000 + whole[2:], None)


def _gif() -> Iterator[Case]:
    seen = PHOTO // 128 * 255
    whole = encoded(seen, "GIF")
    picture = whole.index(b"\x2c", 13 + 3 * 2 ** ((whole[10] & 7) + 1) if whole[10] & 128 else 13)

    def patched(place: int, new: bytes) -> bytes:
        return whole[:place] + new + whole[place + len(new) :]

    yield Case("gif 0 × 0", patched(6, bytes(4)), seen)
    yield Case("gif 65,535 × 65,535", patched(6, b"\xff" * 4), TooManyPixels)
    yield Case("gif of a smaller screen than its picture", patched(6, struct.pack("<HH", 8, 8)), None)
    yield Case("gif of a picture beside its screen", patched(picture + 1, struct.pack("<HH", 60_000, 60_000)), None)
    yield Case("gif of a picture 0 × 0", patched(picture + 5, bytes(4)), None)
    yield Case("gif of a picture 65,535 × 65,535", patched(picture + 5, b"\xff" * 4), ImageError)
    for bits in (0, 1, 12, 13, 255):
        at = picture + 10 + (3 * 2 ** ((whole[picture + 9] & 7) + 1) if whole[picture + 9] & 128 else 0)
        yield Case(f"gif of codes of {bits} bits", patched(at, bytes([bits])), None)
    yield Case("gif without a picture", whole[:picture] + b";", ImageError)
    yield Case("gif of thousands of comments", whole[:picture] + b"\x21\xfe\1!\0" * 20_000 + whole[picture:], None)
    yield Case("gif of a block that has no end", whole[:picture] + b"\x21\xff" + b"\xff" * 3000, ImageError)


def _tiff() -> Iterator[Case]:
    whole = encoded(PHOTO, "TIFF")
    (start,) = struct.unpack_from("<I", whole, 4)
    (entries,) = struct.unpack_from("<H", whole, start)
    places = {struct.unpack_from("<H", whole, start + 2 + 12 * n)[0]: start + 2 + 12 * n for n in range(entries)}

    def entry(tag: int, kind: int, count: int, value: int) -> bytes:
        place = places[tag]
        return whole[:place] + struct.pack("<HHII", tag, kind, count, value) + whole[place + 12 :]

    for tag, name in ((256, "wide"), (257, "high")):
        for side in (0, HUGE):
            yield Case(f"tiff {side} {name}", entry(tag, 4, 1, side), ImageError)
    yield Case("tiff 60,000 wide", entry(256, 4, 1, 60_000), ImageError)
    for bits in (0, 3, 7, 12, 24, 33, 64, 65_535):
        yield Case(f"tiff of {bits} bits", entry(258, 3, 1, bits), None)
    for samples in (0, 1, 2, 4, 5, 255, 65_535):
        yield Case(f"tiff of {samples} colours", entry(277, 3, 1, samples), None)
    for compression in (0, 2, 3, 6, 7, 99, 34_712, 65_535):
        yield Case(f"tiff of compression {compression}", entry(259, 3, 1, compression), None)
    for photometric in (3, 4, 7, 9, 10, 65_535):
        yield Case(f"tiff of photometric {photometric}", entry(262, 3, 1, photometric), None)
    for offset in (0, 4, len(whole), HUGE):
        yield Case(f"tiff whose pixels lie at {offset}", entry(273, 4, 1, offset), None)
    for length in (0, 1, HUGE):
        yield Case(f"tiff whose pixels have {length} bytes", entry(279, 4, 1, length), None)
    for rows in (0, 1, 39, HUGE):
        yield Case(f"tiff of strips of {rows} rows", entry(278, 4, 1, rows), None)
    for tag in (256, 258, 262, 273, 279):
        for kind in (0, 1, 2, 5, 7, 12, 13, 16, 255):
            yield Case(f"tiff whose tag {tag} has type {kind}", entry(tag, kind, 1, 8), None)
        yield Case(f"tiff of {HUGE} values in tag {tag}", entry(tag, 4, HUGE, 8), None)
        yield Case(f"tiff of values in tag {tag} that lie outside", entry(tag, 4, 1000, HUGE - 8), None)
    for at in (0, 4, len(whole) - 1, HUGE):
        yield Case(f"tiff whose directory lies at {at}", whole[:4] + struct.pack("<I", at) + whole[8:], ImageError)
    yield Case("tiff of 65,535 tags", whole[:start] + b"\xff\xff" + whole[start + 2 :], None)
    yield Case("tiff of no tags", whole[:start] + b"\0\0" + whole[start + 2 :], ImageError)
    end = start + 2 + 12 * entries
    yield Case(
        "tiff whose directory is followed by itself", whole[:end] + struct.pack("<I", start) + whole[end + 4 :], PHOTO
    )
    yield Case("tiff of the other order", b"MM\0*" + whole[4:], ImageError)
    yield Case("tiff of 64 bits that has 32", b"II+\0" + whole[4:], ImageError)
    for side in (0, 15, 65_536, HUGE):
        directory = [
            (256, 56),
            (257, 40),
            (258, 8),
            (259, 1),
            (262, 1),
            (322, side),
            (323, side),
            (324, 8),
            (325, 2240),
        ]
        table = struct.pack("<H", len(directory)) + b"".join(struct.pack("<HHII", tag, 4, 1, v) for tag, v in directory)
        tiled = struct.pack("<2sHI", b"II", 42, 2248) + PHOTO[..., 0].tobytes() + table + bytes(4)
        yield Case(f"tiff of tiles of {side}", tiled, None)


def _webp() -> Iterator[Case]:
    whole = encoded(PHOTO, "WEBP")
    extended = encoded(np.dstack([PHOTO, PHOTO[..., 0]]), "WEBP")

    def patched(data: bytes, place: int, new: bytes) -> bytes:
        return data[:place] + new + data[place + len(new) :]

    for length in (0, 4, 2**31, HUGE):
        yield Case(f"webp of {length} bytes", patched(whole, 4, struct.pack("<I", length)), None)
        yield Case(f"webp whose picture has {length} bytes", patched(whole, 16, struct.pack("<I", length)), None)
    yield Case("webp 0 × 0", patched(whole, 26, bytes(4)), ImageError)
    yield Case("webp 16,383 × 16,383", patched(whole, 26, b"\xff\x3f\xff\x3f"), ImageError)
    canvas = extended.index(b"VP8X") + 12
    yield Case("webp of another canvas than its picture", patched(extended, canvas, b"\xff\0\0\xff\0\0"), None)
    yield Case("webp of the largest canvas", patched(extended, canvas, b"\xff" * 6), ImageError)
    for flags in (0, 0x02, 0x08, 0x20, 0xFF):
        yield Case(f"webp of flags {flags:02x}", patched(extended, canvas - 4, bytes([flags])), None)
    yield Case("webp of transparency that is none", extended.replace(b"ALPH", b"ALPX"), None)
    yield Case("webp of an unknown kind", whole.replace(b"VP8 ", b"VP8?"), ImageError)
    lossless = encoded(PHOTO, "WEBP", lossless=True)
    yield Case("webp, lossless, 16,384 × 16,384", patched(lossless, 21, b"\xff\xff\xff\x0f"), ImageError)
    yield Case("webp, lossless, of version 7", patched(lossless, 24, bytes([lossless[24] | 0xE0])), ImageError)


def _avif() -> Iterator[Case]:
    whole = encoded(PHOTO, "AVIF", speed=10)
    for box in (b"meta", b"iloc", b"iinf", b"iprp", b"ipco", b"ispe", b"av1C", b"pixi", b"hdlr", b"pitm", b"mdat"):
        place = whole.index(box)
        for length in (0, 1, 7, HUGE):
            lying = whole[: place - 4] + struct.pack(">I", length) + whole[place:]
            yield Case(f"avif whose box {box.decode()} has {length} bytes", lying, None)
        yield Case(f"avif without its box {box.decode()}", whole.replace(box, b"free", 1), None)
    size = whole.index(b"ispe") + 8
    for side in (0, 1, 65_536, HUGE):
        lying = whole[:size] + struct.pack(">II", side, side) + whole[size + 8 :]
        yield Case(f"avif {side} × {side}", lying, None if side == 1 else ImageError)
