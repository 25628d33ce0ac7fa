"""What formats allow and hardly anybody writes: odd palettes, inks, depths and tiny sizes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from impasto.model.pictures.images import UnsupportedFormat
from tests.hostile.case import PHOTO, Case, Refused
from tests.hostile.modes import photo_in
from tests.model.pictures.test_tiff import ALPHA, CMYK, DEFLATE, GREY, GREY_INVERTED, PALETTE, RGB, samples, tiff
from tests.pictures import Pixels, encoded, png_chunk, png_file, png_header

LAB = 8


def cases() -> Iterator[Case]:
    yield from _palettes()
    yield from _deep_pngs()
    yield from _tiffs()
    yield from _inks()
    for width, height in ((1, 1), (1, 4000), (4000, 1), (31, 31)):
        tiny = np.full((height, width, 3), 85, np.uint8)
        for name in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "AVIF"):
            yield Case(f"{name} of {width} × {height}", encoded(tiny, name), tiny, 3)


def _indexed(index: Pixels, depth: int, *chunks: bytes) -> bytes:
    """A PNG of numbers of colours (H, W)."""
    digits = ["".join(f"{value:0{depth}b}" for value in row) for row in index]
    rows = [int(line + "0" * (-len(line) % 8), 2).to_bytes(-(-len(line) // 8), "big") for line in digits]
    header = png_header(index.shape[1], index.shape[0], depth=depth, color=3)
    return png_file(header, *chunks, png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))))


def _palettes() -> Iterator[Case]:
    random = np.random.default_rng(0)
    for depth in (1, 2, 4, 8):
        index = random.integers(0, 2**depth, (36, 40)).astype(np.uint8)
        colors = random.integers(0, 256, (2**depth, 3)).astype(np.uint8)
        palette = png_chunk(b"PLTE", colors.tobytes())
        yield Case(f"png of a palette of {depth} bits", _indexed(index, depth, palette), colors[index])
        alpha = random.integers(0, 255, 2**depth).astype(np.uint8)
        seen = np.dstack([colors[index], alpha[index]])
        transparent = png_chunk(b"tRNS", alpha.tobytes())
        yield Case(f"png of a transparent palette of {depth} bits", _indexed(index, depth, palette, transparent), seen)
        for fault, odd in {
            "of one colour": png_chunk(b"PLTE", colors[:1].tobytes()),
            "of no colours": png_chunk(b"PLTE", b""),
            "of a third of a colour": png_chunk(b"PLTE", colors.tobytes() + b"?"),
            "of 300 colours": png_chunk(b"PLTE", bytes(900)),
            "twice": palette + palette,
            "with transparency for more colours": palette + png_chunk(b"tRNS", bytes(300)),
            "with transparency before it": png_chunk(b"tRNS", alpha.tobytes()) + palette,
        }.items():
            yield Case(f"png of {depth} bits with a palette {fault}", _indexed(index, depth, odd), None)
    for mode, depth, color in (("grey", 8, 0), ("colours", 8, 2), ("transparent colours", 8, 6)):
        channels = {0: 1, 2: 3, 6: 4}[color]
        rows = zlib.compress(b"".join(bytes(1) + bytes(56 * channels) for _ in range(40)))
        for size in (0, 1, 2, 3, 6, 300):
            data = png_file(
                png_header(56, 40, depth=depth, color=color), png_chunk(b"tRNS", bytes(size)), png_chunk(b"IDAT", rows)
            )
            yield Case(f"png of {mode} with {size} bytes of transparency", data, None)
    gif = encoded(Image.fromarray(PHOTO).quantize(16), "GIF")
    table = 13 + 3 * 2 ** ((gif[10] & 7) + 1)
    yield Case("gif of a palette that is cut off", gif[: table - 20], None)
    without = gif[:10] + bytes([gif[10] & 0x7F]) + gif[11:13] + gif[table:]
    yield Case("gif without a palette", without, None)
    for background in (16, 255):
        yield Case(f"gif of background {background}", gif[:11] + bytes([background]) + gif[12:], None)


def _deep_pngs() -> Iterator[Case]:
    for name, color, channels in (("greys", 0, 1), ("colours", 2, 3), ("transparent greys", 4, 2), ("all", 6, 4)):
        values = samples(16, channels)
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
        data = png_file(png_header(40, 36, depth=16, color=color), png_chunk(b"IDAT", zlib.compress(rows)))
        seen = (values >> 8).astype(np.uint8)
        grey = [seen[..., :1]] * 3 if channels < 3 else [seen[..., :3]]
        yield Case(
            f"png of {name} of 16 bits", data, np.dstack([*grey, *([seen[..., -1:]] if channels % 2 == 0 else [])]), 1
        )


def _tiffs() -> Iterator[Case]:
    for bits in (1, 2, 4, 8, 16):
        for photometric in (GREY, GREY_INVERTED):
            values = samples(bits, 1)
            grey = np.repeat((values / (2**bits - 1) * 255).round().astype(np.uint8), 3, axis=2)
            for order in "<>":
                seen: Pixels | Refused = 255 - grey if photometric == GREY_INVERTED else grey
                data = tiff(values, bits=bits, photometric=photometric, order=order)
                if (bits, photometric, order) == (16, GREY_INVERTED, ">"):
                    seen = UnsupportedFormat  # which Pillow does not know
                yield Case(f"tiff of greys {photometric} of {bits} bits, {order}", data, seen, 1)
    for bits in (8, 16):
        for apart in (False, True):
            for compression in (1, DEFLATE):
                values = samples(bits, 3)
                colors = (values >> (bits - 8)).astype(np.uint8)
                data = tiff(values, bits=bits, photometric=RGB, apart=apart, compression=compression)
                yield Case(f"tiff of colours of {bits} bits, apart: {apart}, packed: {compression}", data, colors, 1)
                values = samples(bits, 4)
                colors = (values >> (bits - 8)).astype(np.uint8)
                data = tiff(values, bits=bits, photometric=RGB, apart=apart, compression=compression, extra=(ALPHA,))
                yield Case(f"tiff of alpha of {bits} bits, apart: {apart}, packed: {compression}", data, colors, 1)
    lab = np.frombuffer(photo_in("LAB").tobytes(), np.uint8).reshape(PHOTO.shape).astype(np.int64)
    yield Case("tiff of L*a*b*", tiff(lab, bits=8, photometric=LAB), PHOTO, 1.5)
    yield Case("tiff of L*a*b*, apart", tiff(lab, bits=8, photometric=LAB, apart=True), UnsupportedFormat)
    for format in (2, 3, 4, 5, 255):
        odd = tiff(samples(16, 1), bits=16, photometric=GREY, tags={339: [format]})
        yield Case(f"tiff of numbers of kind {format}", odd, UnsupportedFormat if format == 2 else None)
    for predictor in (0, 3, 255):
        odd = tiff(samples(8, 3), bits=8, photometric=RGB, compression=DEFLATE, tags={317: [predictor]})
        yield Case(f"tiff of predictor {predictor}", odd, None)
    for fill in (0, 2, 255):
        yield Case(
            f"tiff of fill order {fill}", tiff(samples(1, 1), bits=1, photometric=GREY, tags={266: [fill]}), None
        )
    for numbers in (0, 1, 100, 768, 5000):
        odd = tiff(samples(8, 1), bits=8, photometric=PALETTE, tags={320: [7] * numbers})
        yield Case(f"tiff of a palette of {numbers} numbers", odd, None)
    for orientation in (0, 9, 65_535):
        odd = tiff(PHOTO.astype(np.int64)[:36, :40], bits=8, photometric=RGB, tags={274: [orientation]})
        yield Case(f"tiff of orientation {orientation}", odd, PHOTO[:36, :40])


def _inks() -> Iterator[Case]:
    ink = np.asarray(Image.fromarray(PHOTO).convert("CMYK"))
    whole = encoded(Image.fromarray(PHOTO).convert("CMYK"), "JPEG", quality=95)
    yield Case("jpeg of inks", whole, PHOTO, 6)
    adobe = whole.index(b"Adobe")
    for transform in (0, 1, 2, 255):
        odd = whole[: adobe + 11] + bytes([transform]) + whole[adobe + 12 :]
        yield Case(f"jpeg of inks of transform {transform}", odd, None)
    without = whole[: adobe - 4] + whole[adobe + 12 :]
    yield Case("jpeg of inks without Adobe's word", without, None)
    yield Case("tiff of inks", tiff(ink.astype(np.int64)[:36, :40], bits=8, photometric=CMYK), PHOTO[:36, :40], 1)
    yield Case(
        "tiff of inks, apart",
        tiff(ink.astype(np.int64)[:36, :40], bits=8, photometric=CMYK, apart=True),
        PHOTO[:36, :40],
        1,
    )
    yield Case("tiff of 5 inks", tiff(samples(8, 5), bits=8, photometric=CMYK, extra=(0,)), None)
