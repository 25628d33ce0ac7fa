"""Bytes to pictures and back: every kind of file is shown as it was meant, and a broken one is named."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

from impasto.model.pictures import images, strips
from impasto.model.pictures.formats import readable_formats
from impasto.model.pictures.images import (
    EXIF_ARTIST,
    EXIF_COPYRIGHT,
    ImageError,
    TooManyPixels,
    UndecodableImage,
    UnsupportedFormat,
    decode,
    encode,
    files_in,
    format_of,
    scaled,
)
from impasto.model.pictures.picture import Format, Picture
from tests.pictures import encoded, opened, photo, png_claiming

ORIENTATION = 0x0112
PHOTO = photo(1, height=40, width=56)
PIXELS = torch.from_numpy(PHOTO)
RGB = PIXELS.permute(2, 0, 1).float() / 255


def random_pixels(channels: int, dtype: type[np.unsignedinteger[Any]] = np.uint8) -> Any:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (6, 8, channels), dtype=dtype, endpoint=True)


def flat(red: float, green: float, blue: float) -> Tensor:
    return torch.tensor([float(red), green, blue]).view(3, 1, 1).expand(3, 32, 32)


def swapped_profile() -> bytes:
    """sRGB's profile with the primaries red and blue exchanged, under another name."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in ((b"rXYZ", b"----"), (b"bXYZ", b"rXYZ"), (b"----", b"bXYZ")):
        profile = profile.replace(old, new)
    return profile.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


def grey_profile() -> bytes:
    """A profile of greys whose values are amounts of light."""
    white = struct.pack(">3i", *(round(part * 65536) for part in (0.9642, 1, 0.8249)))
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + white,
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">I", 0),
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 6) + b"light\0" + bytes(78),
        b"cprt": b"text\0\0\0\0\0\0\0\0",
    }
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(content))
        body += content
    size = struct.pack(">I", 128 + len(table) + len(body))
    head = size + bytes(4) + struct.pack(">I", 0x02100000) + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28) + white
    return head.ljust(128, b"\0") + table + body


# What is read


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "GIF"])
def test_a_lossless_file_is_read_as_it_is(file_format: str) -> None:
    few_colors = (PHOTO // 128 * 255).astype(np.uint8)
    picture = decode(encoded(few_colors, file_format))
    assert torch.equal(picture.rgb * 255, torch.from_numpy(few_colors).permute(2, 0, 1).float())
    assert picture.size == (56, 40)


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP", "AVIF"])
def test_a_lossy_file_is_read_nearly_as_it_was(file_format: str) -> None:
    picture = decode(encoded(PHOTO, file_format, quality=95))
    assert picture.rgb.dtype == torch.float32
    assert (picture.rgb - RGB).abs().mean() < 0.03


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]  # Image.Transpose that stores it so
    upright = Image.fromarray(PHOTO)
    stored = upright if undo is None else upright.transpose(Image.Transpose(undo))
    picture = decode(encoded(stored, exif=exif))
    assert torch.equal(picture.rgb, RGB)
    assert ORIENTATION not in opened(encode(picture)).getexif()


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_a_transparent_picture_is_turned_as_pillow_turns_it(
    file_format: str, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "STRIP_PIXELS", 300)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(np.dstack([PHOTO, PHOTO[..., 0]]), file_format, exif=exif)
    turned = np.array(ImageOps.exif_transpose(opened(data)))
    picture = decode(data)
    assert picture.alpha is not None
    assert np.array_equal(np.dstack([picture.pixels, picture.alpha]), turned)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("side", [30, 56, 90])
def test_a_resized_picture_is_what_pillow_makes_of_the_upright_one(
    side: int, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "STRIP_PIXELS", 300)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    for pixels in (PHOTO, np.dstack([PHOTO, PHOTO[..., 0]])):
        data = encoded(pixels, exif=exif)
        upright = ImageOps.exif_transpose(opened(data))
        resized = np.array(upright.resize(scaled(upright.size, side), Image.Resampling.LANCZOS))
        picture = decode(data, longest_side=side)
        read = picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])
        assert np.array_equal(read, resized)


@pytest.mark.parametrize("shape", [(33, 20_000), (20_000, 33)])
def test_a_very_long_picture_is_read_and_written(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    picture = decode(encoded(pixels, compress_level=1))
    assert np.array_equal(picture.pixels, pixels)
    assert opened(encode(picture, "jpeg")).size == picture.size
    assert max(decode(encoded(pixels, compress_level=1), at_most=1000).size) == 1000


def test_an_embedded_profile_is_converted_to_srgb() -> None:
    picture = decode(encoded(PHOTO, icc_profile=swapped_profile()))
    torch.testing.assert_close(picture.rgb, RGB.flip(0), rtol=0, atol=2 / 255)
    assert "icc_profile" not in opened(encode(picture)).info


def test_the_profile_of_a_transparent_picture_is_converted_too() -> None:
    picture = decode(encoded(np.dstack([PHOTO, PHOTO[..., 0]]), icc_profile=swapped_profile()))
    torch.testing.assert_close(picture.rgb, RGB.flip(0), rtol=0, atol=2 / 255)
    assert picture.alpha is not None
    assert torch.equal(picture.alpha, PIXELS[..., 0])


@pytest.mark.parametrize("profile", [b"no profile at all", ImageCms.createProfile("sRGB")])
def test_colours_stay_under_an_srgb_or_a_broken_profile(profile: Any) -> None:
    data = profile if isinstance(profile, bytes) else ImageCms.ImageCmsProfile(profile).tobytes()
    assert torch.equal(decode(encoded(PHOTO, icc_profile=data)).rgb, RGB)


def test_a_profile_for_another_kind_of_picture_is_ignored() -> None:
    gray = decode(encoded(PHOTO[..., 0], icc_profile=swapped_profile()))
    assert torch.equal(gray.rgb, RGB[:1].expand(3, -1, -1))


def test_greyscale_becomes_three_equal_channels() -> None:
    gray = PHOTO[..., 0]
    picture = decode(encoded(gray))
    assert torch.equal(picture.rgb, RGB[:1].expand(3, -1, -1))
    assert picture.alpha is None


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
@pytest.mark.parametrize("transparency", [None, 7])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_the_profile_of_a_grey_picture_is_applied_whatever_stands_beside_it(
    file_format: str, transparency: int | None, mode: str
) -> None:
    grey: dict[str, Any] = {"L": 100, "LA": (100, 200), "I;16": 100 * 257}
    beside = {} if transparency is None or mode == "LA" else {"transparency": transparency}
    data = encoded(Image.new(mode, (32, 32), grey[mode]), file_format, icc_profile=grey_profile(), **beside)
    picture = decode(data)
    assert (picture.pixels == 168).all()  # as littlecms says
    assert picture.alpha is None or picture.alpha.unique().tolist() == [200 if mode == "LA" else 255]


def test_black_and_white_is_read() -> None:
    picture = decode(encoded(Image.fromarray(PHOTO[..., 0]).point(lambda v: 255 if v > 128 else 0).convert("1")))
    assert set(picture.rgb.unique().tolist()) == {0.0, 1.0}


def test_a_palette_with_a_transparent_colour_keeps_its_transparency() -> None:
    image = Image.new("P", (40, 40), 1)
    image.putpalette([0, 255, 0, 255, 0, 0])
    image.paste(0, (0, 0, 20, 40))
    picture = decode(encoded(image, transparency=0))
    assert picture.alpha is not None
    assert picture.alpha[0].tolist() == [0] * 20 + [255] * 20
    assert picture.rgb[:, 0, 30].tolist() == [1.0, 0.0, 0.0]


def test_greyscale_with_alpha_is_read() -> None:
    picture = decode(encoded(Image.merge("LA", [Image.new("L", (32, 32), 51), Image.new("L", (32, 32), 102)])))
    assert picture.alpha is not None
    torch.testing.assert_close(picture.rgb, flat(0.2, 0.2, 0.2))
    assert (picture.alpha == 102).all()


def test_a_cmyk_jpeg_has_its_colours() -> None:
    ink = Image.new("CMYK", (32, 32), (0, 255, 255, 0))  # magenta and yellow: red
    picture = decode(encoded(ink, "JPEG", quality=95))
    torch.testing.assert_close(picture.rgb, flat(1, 0, 0), rtol=0, atol=0.03)
    assert picture.format == "jpeg"


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bit_greyscale_is_scaled_not_clipped(file_format: str) -> None:
    ramp = np.linspace(0, 65535, 40 * 40).round().astype(np.uint16).reshape(40, 40)
    picture = decode(encoded(Image.fromarray(ramp), file_format))
    expected = torch.from_numpy(ramp / 65535).float().expand(3, -1, -1)
    torch.testing.assert_close(picture.rgb, expected, rtol=0, atol=0.51 / 255)


def test_a_big_endian_sixteen_bit_tiff_is_read() -> None:
    ramp = np.linspace(0, 65535, 40 * 40).round().astype(">u2").reshape(40, 40)
    data = encoded(Image.frombytes("I;16B", (40, 40), ramp.tobytes()), "TIFF")
    assert decode(data).rgb[0, -1, -1] == 1
    assert decode(data).rgb[0, 20, 0] == pytest.approx(0.5, abs=0.01)


def test_a_turned_sixteen_bit_picture_is_turned_back() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    ramp = np.linspace(0, 65535, 40 * 40).round().astype(np.uint16).reshape(40, 40)
    assert decode(encoded(Image.fromarray(ramp[::-1, ::-1].copy()), exif=exif)).rgb[0, 0, 0] == 0


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_a_tiff_of_32_bits_a_channel_is_named_as_unsupported(dtype: type) -> None:
    with pytest.raises(UnsupportedFormat, match="32 bits"):
        decode(encoded(Image.fromarray(np.zeros((32, 32), dtype)), "TIFF"))


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_its_first_frame(file_format: str) -> None:
    red, blue = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    lossless = {"lossless": True} if file_format == "WEBP" else {}
    data = encoded(red, file_format, save_all=True, append_images=[blue], **lossless)
    torch.testing.assert_close(decode(data).rgb, flat(1, 0, 0), rtol=0, atol=0.01)


def test_a_phones_jpeg_with_a_second_picture_behind_is_the_first() -> None:
    red, blue = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    picture = decode(encoded(red, "MPO", save_all=True, append_images=[blue], quality=95))
    torch.testing.assert_close(picture.rgb, flat(1, 0, 0), rtol=0, atol=0.02)
    assert picture.format == "jpeg"


@pytest.mark.parametrize(
    ("read", "written"),
    [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "webp"), ("GIF", "png"), ("TIFF", "png")],
)
def test_a_picture_is_written_back_in_its_own_format_or_the_nearest(read: str, written: str) -> None:
    picture = decode(encoded(PHOTO, read))
    assert picture.format == written
    assert opened(encode(picture)).format == written.upper()


@pytest.mark.parametrize("side", [20, 56, 100])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_longest_side_resizes_up_and_down(file_format: str, side: int) -> None:
    picture = decode(encoded(PHOTO, file_format), longest_side=side)
    assert picture.size == (side, round(side * 40 / 56))


def test_a_resized_picture_shows_the_same_with_its_alpha() -> None:
    pixels = np.dstack([PHOTO, np.full((40, 56), 200, np.uint8)])
    picture = decode(encoded(pixels), longest_side=28)
    assert picture.alpha is not None
    assert picture.alpha.shape == (20, 28)
    torch.testing.assert_close(picture.rgb.mean(dim=(1, 2)), RGB.mean(dim=(1, 2)), rtol=0, atol=0.02)


def test_at_most_makes_pictures_only_smaller() -> None:
    assert decode(encoded(PHOTO), at_most=28).size == (28, 20)
    assert decode(encoded(PHOTO), at_most=56).size == (56, 40)
    assert decode(encoded(PHOTO), at_most=100).size == (56, 40)


@pytest.mark.parametrize(("orientation", "size"), [(1, (56, 40)), (6, (40, 56))])
def test_a_picture_that_a_limit_made_smaller_says_from_what(orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(PHOTO, exif=exif)
    assert decode(data, at_most=28).reduced_from == size
    assert decode(data, at_most=56).reduced_from is None
    assert decode(data, longest_side=28, at_most=30).reduced_from is None
    assert decode(data).reduced_from is None


def test_colours_hidden_under_transparency_do_not_bleed_into_edges_when_resized() -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[:, :20] = 255  # white and opaque beside black that nobody sees
    picture = decode(encoded(pixels), longest_side=30)
    assert picture.alpha is not None
    assert picture.pixels[picture.alpha > 12].min() >= 253


def test_an_extreme_shape_keeps_at_least_one_pixel() -> None:
    assert decode(encoded(np.zeros((2, 300, 3), np.uint8)), longest_side=32).size == (32, 1)


# What is written


@pytest.mark.parametrize("file_format", ["png", "webp"])
def test_alpha_is_kept_in_png_and_webp(file_format: Format) -> None:
    alpha = torch.linspace(0, 255, 40 * 56).view(40, 56).to(torch.uint8)
    written = opened(encode(Picture(PIXELS, alpha), file_format, quality=100))
    assert written.mode == "RGBA"
    assert np.array_equal(np.array(written.getchannel("A")), alpha.numpy())


def test_a_transparent_png_comes_back_as_it_was() -> None:
    pixels = random_pixels(4)
    assert np.array_equal(np.array(opened(encode(decode(encoded(pixels))))), pixels)


def test_jpeg_puts_white_underneath() -> None:
    half_black = Picture(torch.zeros(32, 32, 3, dtype=torch.uint8), torch.full((32, 32), 64, dtype=torch.uint8))
    written = np.array(opened(encode(half_black, "jpeg")))
    assert written.shape == (32, 32, 3)
    np.testing.assert_allclose(written, 0.75 * 255, atol=2)


def test_every_8_bit_value_survives_the_way_there_and_back() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(np.array(opened(encode(decode(encoded(pixels)), "png"))), pixels)


def test_a_lower_quality_is_a_smaller_file() -> None:
    for file_format in ("jpeg", "webp"):
        small, large = (encode(Picture(PIXELS), file_format, quality=quality) for quality in (30, 95))
        assert len(small) < len(large)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_only_artist_and_copyright_of_the_metadata_survive(file_format: str) -> None:
    exif = Image.Exif()
    exif.update(
        {EXIF_ARTIST: "Ansel", EXIF_COPYRIGHT: "1941", 0x010F: "Camera", 0x8825: {1: "N", 2: (46.0, 57.0, 0.0)}}
    )
    comment = {"comment": b"secret"} if file_format == "JPEG" else {}
    written = opened(encode(decode(encoded(PHOTO, file_format, exif=exif, **comment))))
    assert dict(written.getexif()) == {EXIF_ARTIST: "Ansel", EXIF_COPYRIGHT: "1941"}
    assert not {"comment", "icc_profile", "xmp"} & written.info.keys()


def test_a_picture_without_credit_has_no_metadata() -> None:
    assert not opened(encode(decode(encoded(PHOTO, "JPEG")))).getexif()


@pytest.mark.parametrize("credit", ["© José 北斎".encode(), "© José".encode("latin-1")])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_credit_in_other_letters_than_english_survives_byte_for_byte(file_format: str, credit: bytes) -> None:
    exif = Image.Exif()
    exif[EXIF_COPYRIGHT] = credit
    written = opened(encode(decode(encoded(PHOTO, file_format, exif=exif))))
    assert written.getexif()[EXIF_COPYRIGHT].encode("latin-1") == credit


def test_a_picture_too_long_for_webp_is_an_error_that_says_so() -> None:
    with pytest.raises(UnsupportedFormat, match="WEBP holds at most 16,383 pixels a side, not 17,000"):
        encode(Picture(torch.zeros(1, 17_000, 3, dtype=torch.uint8)), "webp")


def test_a_webp_that_would_take_too_much_memory_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MOST_OF_WEBP", 2239)
    with pytest.raises(UnsupportedFormat, match="WEBP is written up to 2,239 pixels, not 2,240; write it as JPEG or"):
        encode(Picture(PIXELS), "webp")


@pytest.mark.parametrize("file_format", ["WEBP", "AVIF"])
def test_what_webp_cannot_hold_is_written_back_as_jpeg_or_if_it_is_transparent_as_png(
    file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opaque, transparent = (encoded(random_pixels(channels), file_format) for channels in (3, 4))
    assert decode(opaque).format == format_of(transparent) == "webp"
    monkeypatch.setattr(images, "MOST_OF_WEBP", 47)
    assert (decode(opaque).format, decode(transparent).format) == ("jpeg", "png")
    assert (format_of(opaque), format_of(transparent)) == ("jpeg", "png")
    assert decode(opaque, at_most=4).format == "webp"


def test_a_picture_of_too_much_detail_for_webp_is_an_error_that_names_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:  # as it is at a hundred megapixels, after a minute
        raise ValueError("encoding error 6")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(UnsupportedFormat, match=r"56 × 40 pixels \(encoding error 6\); write it as JPEG or PNG"):
        encode(Picture(PIXELS), "webp")


@pytest.mark.parametrize("file_format", ["jpeg", "png", "webp"])
def test_what_is_written_strip_by_strip_is_what_pillow_writes_at_once(
    file_format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips, "STRIP_PIXELS", 300)
    options = {} if file_format == "png" else {"quality": 90}
    written = encoded(PHOTO, file_format.upper(), **options, **({"subsampling": 0} if file_format == "jpeg" else {}))
    assert encode(Picture(PIXELS), file_format) == written


# What is refused


def test_zero_bytes_are_named() -> None:
    with pytest.raises(UndecodableImage, match="zero bytes"):
        decode(b"")


def test_a_text_is_no_picture_whatever_its_name() -> None:
    with pytest.raises(UndecodableImage, match="no picture"):
        decode(b"Dear Sir or Madam,\n" * 20)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_file_cut_short_is_an_error(file_format: str, share: float) -> None:
    data = encoded(photo(2, height=200, width=200), file_format)
    with pytest.raises(UndecodableImage):
        decode(data[: int(len(data) * share)])


def test_a_file_cut_short_is_an_error_however_few_rows_are_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIP_PIXELS", 300)
    for file_format in ("JPEG", "PNG"):
        data = encoded(photo(2, height=200, width=200), file_format)
        with pytest.raises(UndecodableImage):
            decode(data[: len(data) // 2], longest_side=150)


def test_a_truncated_jpeg_says_what_it_is() -> None:
    data = encoded(photo(2, height=200, width=200), "JPEG")
    with pytest.raises(UndecodableImage, match="JPEG picture is broken or cut short"):
        decode(data[: len(data) // 2])


@pytest.mark.parametrize("max_pixels", [None, 1_000_000])
def test_a_header_that_claims_60000_by_60000_is_refused_before_decoding(max_pixels: int | None) -> None:
    with pytest.raises(TooManyPixels):
        decode(png_claiming(60_000, 60_000), max_pixels=max_pixels)


@pytest.mark.parametrize("side", [1_001, 11_000])  # of the second, Pillow itself begins to warn
def test_more_pixels_than_allowed_are_refused_by_the_header_alone(side: int) -> None:
    with pytest.raises(TooManyPixels):
        decode(png_claiming(side, side), max_pixels=1_000_000)


def test_too_many_pixels_are_told_with_the_limit() -> None:
    with pytest.raises(TooManyPixels, match="2000 × 1500 pixels; at most 1,000,000"):
        decode(png_claiming(2_000, 1_500), max_pixels=1_000_000)


def test_exactly_the_allowed_pixels_are_decoded() -> None:
    assert decode(encoded(PHOTO), max_pixels=40 * 56).size == (56, 40)


@pytest.mark.parametrize("file_format", ["BMP", "PPM", "ICO", "PCX", "TGA"])
def test_other_formats_are_named_as_unsupported(file_format: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"{file_format} pictures are not read; send one of JPEG, PNG"):
        decode(encoded(PHOTO, file_format))


def test_heic_is_read_where_pillow_heif_is_installed() -> None:
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(Image.fromarray(PHOTO)).save(file, quality=95)
    picture = decode(file.getvalue())
    assert picture.format == "jpeg"
    assert (picture.rgb - RGB).abs().mean() < 0.05
    assert "heic" in readable_formats()


def test_a_16_bit_tiff_in_which_white_is_zero_is_no_negative() -> None:
    white = Image.fromarray(np.zeros((8, 8), np.uint16))
    assert decode(encoded(white, "TIFF", tiffinfo={262: 0})).rgb.min() == 1
    assert decode(encoded(white, "TIFF")).rgb.max() == 0


def test_a_transparent_grey_of_a_16_bit_png_is_transparent() -> None:
    values = np.array([[1000, 40000] * 4] * 8, np.uint16)
    picture = decode(encoded(Image.fromarray(values), transparency=1000))
    assert picture.alpha is not None
    assert picture.alpha[0, :2].tolist() == [0, 255]


def test_a_shortage_of_memory_is_not_called_a_broken_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("impasto.model.pictures.images.to_srgb", short)
    with pytest.raises(MemoryError):
        decode(encoded(PHOTO))


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"msf1"])
def test_heic_is_named_as_unsupported(monkeypatch: pytest.MonkeyPatch, brand: bytes) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    with pytest.raises(UnsupportedFormat, match="HEIC pictures are not read"):
        decode(struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(200))


STARTS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"MM\0*", b"RIFF\x40\0\0\0WEBPVP8 ",
          b"\0\0\0\x18ftypavif", b"\0\0\0\x18ftypheic", b"BM"]  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses, or reads all the same
@given(data=st.binary(max_size=300), start=st.sampled_from(STARTS))
def test_arbitrary_bytes_only_ever_raise_image_errors(data: bytes, start: bytes) -> None:
    with pytest.raises(ImageError):
        decode(start + data, max_pixels=100_000)


FILES = [
    encoded(PHOTO, "JPEG", icc_profile=swapped_profile()),
    encoded(PHOTO, "JPEG", progressive=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"),
    encoded(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"),
    encoded(np.dstack([PHOTO, PHOTO[..., 0]]), icc_profile=swapped_profile()),
    encoded(Image.fromarray(PHOTO).quantize(8), transparency=0),
    encoded(PHOTO[..., 0].astype(np.uint16) * 257),
    encoded(PHOTO, "WEBP"),
    encoded(PHOTO, "AVIF"),
    encoded(PHOTO, "GIF", save_all=True, append_images=[ImageOps.invert(Image.fromarray(PHOTO))]),
    encoded(PHOTO, "TIFF"),
    encoded(PHOTO, "TIFF", compression="tiff_lzw"),
]


@pytest.mark.filterwarnings("ignore")
@given(data=st.sampled_from(FILES), changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
       length=st.floats(0.05, 1))  # fmt: skip
def test_a_damaged_file_is_a_picture_or_an_image_error(
    data: bytes, changes: list[tuple[float, int]], length: float
) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place * (len(data) - 1))] = value
    try:
        picture = decode(bytes(damaged[: int(len(data) * length)]), max_pixels=100_000)
    except ImageError:
        return
    assert picture.rgb.isfinite().all()
    assert opened(encode(picture)).size == picture.size


def test_a_size_is_scaled_by_its_longer_side() -> None:
    assert scaled((400, 600), 300) == (200, 300)
    assert scaled((600, 3), 100) == (100, 1)


def test_what_an_operating_system_leaves_in_a_folder_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(encoded(PHOTO, "JPEG"))
    for name in ("._photo.jpg", ".hidden.png", "Thumbs.db", ".DS_Store"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    (tmp_path / "folder.jpg").mkdir()
    assert [path.name for path in files_in(tmp_path)] == ["photo.jpg"]
