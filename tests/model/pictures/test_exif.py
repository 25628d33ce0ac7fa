"""A photo is turned by its EXIF orientation, whatever else stands in there, and stays where there is none."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.model.pictures.exif import orientation
from impasto.model.pictures.images import decode
from tests.pictures import encoded, photo

pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow warns of what it reads all the same
PHOTO = photo(1, height=40, width=56)
SHORT, LONG, RATIONAL, SIGNED_RATIONAL, ASCII, UNDEFINED = 3, 4, 5, 10, 2, 7
TURNED = (0x0112, SHORT, 1, struct.pack(">HH", 6, 0))
Entry = tuple[int, int, int, bytes]


def block(*entries: Entry) -> bytes:
    """An EXIF block of tags with a type, a count and four bytes each, and 100 bytes behind them."""
    directory = b"".join(struct.pack(">HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + directory + bytes(4) + bytes(range(100, 200))


NEAR, FAR = struct.pack(">I", 40), struct.pack(">I", 2**31)


@pytest.mark.parametrize(
    "odd",
    [
        (0x010E, ASCII, 2**31, FAR),
        (0x010F, ASCII, 30, FAR),
        (0x010F, 99, 1, NEAR),
        (0x011A, SIGNED_RATIONAL, 1, NEAR),
        (0x011A, ASCII, 3, b"72\0\0"),
        (0x011A, RATIONAL, 1, FAR),
        (0x0128, ASCII, 4, b"abc\0"),
        (0x013B, UNDEFINED, 4, b"\xff\xfe\xfd\xfc"),
        (0x8298, SHORT, 2, NEAR),
        (0x8769, LONG, 1, struct.pack(">I", 8)),
        (0x8825, LONG, 1, FAR),
    ],
    ids=lambda odd: f"{odd[0]:04x}-{odd[1]}",
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_an_odd_tag_does_not_keep_a_photo_from_being_turned(file_format: str, odd: Entry) -> None:
    for entries in ([odd, TURNED], [TURNED, odd]):
        picture = decode(encoded(PHOTO, file_format, exif=block(*entries)))
        assert picture.size == (40, 56)
        assert all(text.isprintable() for text in picture.credit.values())


@pytest.mark.parametrize(
    "broken",
    [
        b"b'Exif\\x00\\x00MM\\x00*'",
        b"Exif\0\0XX",
        b"MM\0*",
        b"\xff" * 100,
        b"Exif\0\0MM\0*\0\0\xff\xff",
        b"Exif\0\0II*\0",
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_broken_block_is_no_block(file_format: str, broken: bytes) -> None:
    assert decode(encoded(PHOTO, file_format, exif=broken)).size == (56, 40)


def test_a_broken_block_of_an_avif_is_no_block() -> None:
    whole = encoded(PHOTO, "AVIF", exif=block((0x0128, SHORT, 1, bytes(4))))
    assert whole.count(b"MM\0*") == 1
    assert np.array_equal(decode(whole.replace(b"MM\0*", b"b'Ex")).pixels, decode(whole).pixels)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "letter"), [(SHORT, "H"), (LONG, "I")])
def test_a_number_of_either_length_and_order_is_an_orientation(order: str, kind: int, letter: str) -> None:
    value = struct.pack(f"{order}{letter}", 8).ljust(4, b"\0")
    entry = struct.pack(f"{order}HHI", 0x0112, kind, 1) + value
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, 1)
    for prefix in (b"", b"Exif\0\0", b"Exif\0\0Exif\0\0"):
        assert orientation(prefix + head + entry) == 8


@pytest.mark.parametrize(
    "entry", [(0x0112, SHORT, 1, bytes(4)), (0x0112, SHORT, 1, b"\0\x09\0\0"), (0x0112, ASCII, 2, b"6\0\0\0")]
)
def test_what_is_no_orientation_turns_nothing(entry: Entry) -> None:
    assert orientation(block(entry)) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0"]))
def test_no_bytes_crash_the_reader(data: bytes, start: bytes) -> None:
    assert orientation(start + data) in (None, *range(1, 9))


@pytest.mark.parametrize("tag", [700, 34675])
def test_numbers_where_a_tiff_has_its_profile_or_texts_do_not_refuse_it(tag: int) -> None:
    assert np.array_equal(decode(encoded(PHOTO, "TIFF", tiffinfo={tag: 5})).pixels, PHOTO)
