"""TIFFs in every arrangement, written by hand: their pixels are right, or they are refused by name."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.model.pictures.images import UndecodableImage, UnsupportedFormat, decode
from tests.pictures import encoded, photo

GREY_INVERTED, GREY, RGB, PALETTE, CMYK, YCBCR, SENSOR = 0, 1, 2, 3, 5, 6, 32803
COLORS = {GREY_INVERTED: 1, GREY: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, SENSOR: 1}
PREMULTIPLIED, ALPHA = 1, 2
RAW, DEFLATE = 1, 8

Samples = NDArray[np.int64]


def samples(bits: int, channels: int) -> Samples:
    return np.random.default_rng(0).integers(0, 2**bits, (36, 40, channels))


def tiff(
    values: Samples,
    *,
    bits: int,
    photometric: int,
    order: str = "<",
    apart: bool = False,
    extra: tuple[int, ...] = (),
    compression: int = RAW,
    rows: int = 8,
    tags: dict[int, list[int]] | None = None,
) -> bytes:
    """A TIFF of samples (H, W, C). apart: in planes. rows: of a strip."""
    height, width, channels = values.shape
    planes = [values[..., [channel]] for channel in range(channels)] if apart else [values]
    strips = [
        b"".join(_rows(plane[top : top + rows], bits, order)) for plane in planes for top in range(0, height, rows)
    ]
    strips = [zlib.compress(strip) for strip in strips] if compression == DEFLATE else strips
    offsets = [8 + sum(map(len, strips[:n])) for n in range(len(strips))]
    entries = {
        256: [width],
        257: [height],
        258: [bits] * channels,
        259: [compression],
        262: [photometric],
        273: offsets,
        277: [channels],
        278: [rows],
        279: list(map(len, strips)),
        284: [2 if apart else 1],
        **({338: list(extra)} if extra else {}),
        **(tags or {}),
    }
    pixels = b"".join(strips)
    directory, beyond = b"", b""
    behind = 8 + len(pixels) + 2 + 12 * len(entries) + 4
    for tag, numbers in sorted(entries.items()):
        value = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(value) > 4:
            value, beyond = struct.pack(f"{order}I", behind + len(beyond)), beyond + value
        directory += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + value
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(pixels))
    return head + pixels + struct.pack(f"{order}H", len(entries)) + directory + bytes(4) + beyond


def _rows(values: Samples, bits: int, order: str) -> Iterator[bytes]:
    for row in values.reshape(len(values), -1):
        if bits % 8 == 0:
            yield row.astype(f"{order}u{bits // 8}").tobytes()
        else:
            digits = "".join(f"{value:0{bits}b}" for value in row)
            yield int(digits + "0" * (-len(digits) % 8), 2).to_bytes(-(-len(digits) // 8), "big")


def shown(values: Samples, bits: int, photometric: int) -> NDArray[Any]:
    """The colours (H, W, 3), 0 to 255, that samples mean."""
    scaled: NDArray[np.float64] = values * 255 / (2**bits - 1)
    if photometric == CMYK:
        return np.array(Image.fromarray(scaled.round().astype(np.uint8), "CMYK").convert("RGB")).astype(np.float64)
    if photometric == YCBCR:
        y, cb, cr = scaled[..., 0], scaled[..., 1] - 128, scaled[..., 2] - 128
        return np.dstack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb]).clip(0, 255)
    if photometric == GREY_INVERTED:
        scaled = 255 - scaled
    return scaled if photometric == RGB else scaled.repeat(3, axis=2)


@pytest.mark.parametrize("compression", [RAW, DEFLATE])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("photometric", "bits"),
    [
        *((grey, bits) for grey in (GREY_INVERTED, GREY) for bits in (1, 2, 4, 8)),
        (GREY, 16),
        (RGB, 8),
        (RGB, 16),
        (CMYK, 8),
        (CMYK, 16),
    ],
)
def test_every_depth_and_arrangement_is_shown_as_it_is_meant(
    photometric: int, bits: int, apart: bool, order: str, compression: int
) -> None:
    values = samples(bits, COLORS[photometric])
    picture = decode(
        tiff(values, bits=bits, photometric=photometric, apart=apart, order=order, compression=compression)
    )
    two_inks = photometric == CMYK  # are rounded down, and then add up
    np.testing.assert_allclose(picture.pixels, shown(values, bits, photometric), atol=2.01 if two_inks else 1.01)
    assert picture.alpha is None


@pytest.mark.parametrize("photometric", [GREY_INVERTED, GREY])
@pytest.mark.parametrize("bits", [12, 16])
def test_a_grey_of_12_or_16_bits_is_scaled_by_its_own_largest_value(bits: int, photometric: int) -> None:
    values = samples(bits, 1)
    data = tiff(values, bits=bits, photometric=photometric)
    if (bits, photometric) == (12, GREY_INVERTED):
        with pytest.raises(UnsupportedFormat, match="1 × 12 bits"):
            decode(data)
    else:
        np.testing.assert_allclose(decode(data).pixels, shown(values, bits, photometric), atol=0.51)


@pytest.mark.parametrize("compression", [RAW, DEFLATE])
def test_luminance_and_chrominance_become_red_green_and_blue(compression: int) -> None:
    values = samples(8, 3)
    data = tiff(values, bits=8, photometric=YCBCR, compression=compression, tags={530: [1, 1]})
    np.testing.assert_allclose(decode(data).pixels, shown(values, 8, YCBCR), atol=2.01)


@pytest.mark.parametrize("compression", [RAW, DEFLATE])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_transparency_is_read_from_wherever_it_lies(bits: int, apart: bool, compression: int) -> None:
    values = samples(bits, 4)
    picture = decode(tiff(values, bits=bits, photometric=RGB, apart=apart, extra=(ALPHA,), compression=compression))
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, values[..., 3] * 255 / (2**bits - 1), atol=1.01)
    np.testing.assert_allclose(picture.pixels, shown(values[..., :3], bits, RGB), atol=1.01)


@pytest.mark.parametrize("extra", [PREMULTIPLIED, ALPHA])
def test_a_transparent_grey_has_its_colour(extra: int) -> None:
    values = np.full((36, 40, 2), 60)
    values[..., 1] = 120
    picture = decode(tiff(values, bits=8, photometric=GREY, extra=(extra,)))
    assert picture.alpha is not None
    assert (picture.alpha == 120).all()
    np.testing.assert_allclose(picture.pixels, 60 if extra == ALPHA else 127, atol=1)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"bits": 8, "photometric": GREY, "tags": {339: [2]}}, "numbers below zero"),
        ({"bits": 16, "photometric": GREY, "tags": {339: [2]}}, "numbers below zero"),
        ({"bits": 32, "photometric": GREY}, "32 bits a channel"),
        ({"bits": 32, "photometric": RGB}, "3 × 32 bits"),
        ({"bits": 4, "photometric": RGB}, "3 × 4 bits"),
        ({"bits": 12, "photometric": RGB}, "3 × 12 bits"),
        ({"bits": 8, "photometric": GREY, "extra": (ALPHA,), "apart": True}, "more planes than colours"),
        ({"bits": 8, "photometric": RGB, "extra": (ALPHA, 0), "apart": True}, "more planes than colours"),
        ({"bits": 8, "photometric": YCBCR, "extra": (0,), "apart": True}, "more planes than colours"),
        ({"bits": 16, "photometric": CMYK, "extra": (ALPHA,)}, "5 × 16 bits"),
        ({"bits": 8, "photometric": RGB, "compression": 34712}, "compression 34712"),
        ({"bits": 8, "photometric": SENSOR}, "camera raw"),
        ({"bits": 8, "photometric": RGB, "tags": {50706: [1]}}, "camera raw"),
        ({"bits": 8, "photometric": RGB, "tags": {254: [1], 330: [8]}}, "camera raw"),
    ],
)
def test_what_would_be_shown_otherwise_is_refused_by_name(options: dict[str, Any], name: str) -> None:
    channels = COLORS[options["photometric"]] + len(options.get("extra", ()))
    with pytest.raises(UnsupportedFormat, match=name):
        decode(tiff(samples(options["bits"], channels), **options))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd"])
def test_every_lossless_compression_gives_the_same_pixels(compression: str) -> None:
    pixels = photo(1)
    assert np.array_equal(decode(encoded(pixels, "TIFF", compression=compression)).pixels, pixels)


def test_a_tiff_without_its_directory_is_broken() -> None:
    data = tiff(samples(8, 3), bits=8, photometric=RGB)
    for length in (4, 8, 100, len(data) - 200):
        with pytest.raises(UndecodableImage):
            decode(data[:length])


def test_a_big_tiff_of_a_kind_that_is_not_read_is_named() -> None:
    file = io.BytesIO()
    Image.fromarray(np.zeros((32, 32), np.float32)).save(file, "TIFF", big_tiff=True)
    with pytest.raises(UnsupportedFormat, match="32 bits"):
        decode(file.getvalue())
