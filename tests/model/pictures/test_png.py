"""What else stands in a PNG does not refuse its picture, and transparent colours are those of the file."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from impasto.model.pictures.images import MOST_PARTS, TooMuchMetadata, UnsupportedFormat, decode, description
from tests.pictures import encoded, photo, png_file, png_header
from tests.pictures import png_chunk as chunk

PHOTO = photo(1, height=40, width=56)
NOISE = np.random.default_rng(0).bytes(1_400_000)


def with_chunks(*chunks: bytes) -> bytes:
    file = encoded(PHOTO)
    return file[:33] + b"".join(chunks) + file[33:]  # behind the header


def png(values: np.ndarray[tuple[int, ...], np.dtype[np.uint16]], *, bits: int, transparent: tuple[int, ...]) -> bytes:
    """A PNG of greys (H, W) or colours (H, W, 3), of which one is transparent."""
    height, width = values.shape[:2]
    if bits == 16:
        lines = [row.astype(">u2").tobytes() for row in values]
    else:
        digits = ["".join(f"{value:0{bits}b}" for value in row.reshape(-1)) for row in values]
        lines = [int(line + "0" * (-len(line) % 8), 2).to_bytes(-(-len(line) // 8), "big") for line in digits]
    return png_file(
        png_header(width, height, depth=bits, color=2 if values.ndim == 3 else 0),
        chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)),
        chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in lines))),
    )


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"iCCP", b"press\0\0" + zlib.compress(NOISE)),
        chunk(b"iCCP", b"press\0\0no zlib"),
        chunk(b"iCCP", b"press\0\1" + zlib.compress(b"unknown method")),
        chunk(b"iCCP", b""),
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"{" * 1_500_000)),
        chunk(b"zTXt", b"workflow\0\x07unknown method"),
        chunk(b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(b"{" * 1_500_000)),
        chunk(b"iTXt", b"workflow"),
        chunk(b"tEXt", b"workflow\0" + b"{" * 1_500_000),
        chunk(b"tEXt", b"Raw profile type exif\0\nexif\n  20\nno hexadecimals"),
        chunk(b"gAMA", b"\0"),
        chunk(b"cHRM", b"\0"),
        chunk(b"pHYs", b""),
        chunk(b"sRGB", b""),
        chunk(b"acTL", b""),
        chunk(b"fcTL", bytes(26)),
        chunk(b"zTXt", b"a\0\0x")[:-1] + b"?",
    ],
    ids=lambda extra: repr(extra[4:30]),
)
def test_what_describes_a_picture_large_or_wrong_does_not_refuse_it(extra: bytes) -> None:
    assert np.array_equal(decode(with_chunks(extra)).pixels, PHOTO)


@pytest.mark.parametrize(
    "extra",
    [
        [chunk(b"iCCP", b"press\0\0" + zlib.compress(bytes(70_000_000)))],
        [chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(70_000_000)))],
        [chunk(b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(bytes(70_000_000)))],
        [chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(1_000_000)))] * 70,
        [chunk(b"iCCP", b"press\0\0" + zlib.compress(bytes(1_000_000)))] * 70,
        [chunk(b"eXIf", bytes(33_000_000))],
    ],
    ids=lambda extra: repr(extra[0][4:8]),
)
def test_far_too_much_is_refused_by_name(extra: list[bytes]) -> None:
    with pytest.raises(TooMuchMetadata, match="more than 32,000,000 bytes; save it without its metadata"):
        decode(with_chunks(*extra))


@pytest.mark.parametrize(
    "text", [chunk(b"tEXt", b"impasto\0{}"), chunk(b"zTXt", b"impasto\0\0" + zlib.compress(b"{}")),
             chunk(b"iTXt", b"impasto\0\0\0en\0impasto\0{}")], ids=lambda text: repr(text[4:8]))  # fmt: skip
def test_a_description_is_found_in_whatever_chunk_a_program_left_it(text: bytes) -> None:
    assert description(with_chunks(text)) == "{}"


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey_is_found_in_every_depth(bits: int) -> None:
    values = np.random.default_rng(0).integers(0, 2**bits, (36, 40), dtype=np.uint16)
    picture = decode(png(values, bits=bits, transparent=(int(values[3, 5]),)))
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha == 0, values == values[3, 5])
    np.testing.assert_allclose(picture.pixels[..., 0], values / (2**bits - 1) * 255, atol=0.51)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_transparent_colour_is_transparent_where_all_its_bits_are_equal(bits: int) -> None:
    values = np.random.default_rng(0).integers(0, 2**bits, (36, 40, 3), dtype=np.uint16)
    values[7, 9] = values[3, 5]
    values[1] = values[3, 5] ^ np.array([0, 0, 1], np.uint16)
    picture = decode(png(values, bits=bits, transparent=tuple(map(int, values[3, 5]))))
    assert picture.alpha is not None
    assert np.argwhere(picture.alpha.numpy() == 0).tolist() == [[3, 5], [7, 9]]
    assert set(picture.alpha.unique().tolist()) == {0, 255}
    np.testing.assert_allclose(picture.pixels, values / (2**bits - 1) * 255, atol=1)


def test_a_picture_of_very_many_chunks_is_refused() -> None:
    with pytest.raises(UnsupportedFormat, match="more than 50,000 chunks are not read"):
        decode(with_chunks(*MOST_PARTS * [chunk(b"tEXt", b"")]))
