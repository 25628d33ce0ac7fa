"""Bytes to pictures and back: the only place that knows file formats.

The number of pixels is read from the header and checked *before* anything is decoded.
"""

from __future__ import annotations

import io
import math
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from impasto.model.errors import InvalidValue
from impasto.model.pictures.lanczos import resized
from impasto.model.pictures.picture import Format, Picture
from impasto.model.pictures.srgb import EXIF_ORIENTATION, SIDEWAYS, to_srgb
from impasto.model.pictures.strips import strips

READABLE = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF")
RECOGNISED = ("BMP", "ICO", "JPEG2000", "PPM", "PSD", "TGA", "ICNS", "PCX")
"""Formats that are not read, but named to whoever sends them."""

HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1")
"""How the pictures of many phones begin, after four bytes."""

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".gif", ".heic", ".heif"}

EXIF_DESCRIPTION, EXIF_ARTIST, EXIF_COPYRIGHT = 0x010E, 0x013B, 0x8298
PNG_DESCRIPTION = "impasto"
LONGEST_CREDIT = 1000
TIFF_PHOTOMETRIC, WHITE_IS_ZERO = 262, 0

WEBP_OVERFLOWS = ("encoding error 6", "encoding error 7")
"""What Pillow says when the parts of a WebP are too large for it: much detail on very many pixels."""

LARGEST_SIDE: dict[Format, int] = {"jpeg": 65_500, "png": 2**31 - 1, "webp": 16_383}
"""Pixels on a side that a format can hold."""
MOST_OF_WEBP = 64_000_000
"""Pixels of a WebP that is written: each takes 10 bytes for it, beside our own, which JPEG and PNG need 4 for."""

# `max_pixels` decides what is too large, before decoding; Pillow's warning would be a second rule. Its
# error, from 179 megapixels on, stays.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class ImageError(InvalidValue):
    """A picture that cannot be used."""


class UndecodableImage(ImageError):
    """No picture at all, or a broken one."""


class UnsupportedFormat(ImageError):
    """A picture of a format or depth that is not read here."""


class TooManyPixels(ImageError):
    """The header announces more pixels than are allowed."""


class TooSmall(ImageError):
    """Too few pixels to paint on."""


class NoImages(InvalidValue):
    """A folder without a single usable picture."""


def decode(
    data: bytes, *, max_pixels: int | None = None, longest_side: int | None = None, at_most: int | None = None
) -> Picture:
    """Read the first frame of a JPEG, PNG, WebP, AVIF, GIF or TIFF; of a HEIC if pillow-heif is installed.

    max_pixels: the largest width × height that is decoded.
    longest_side: resize to this many pixels, larger or smaller. at_most: only ever smaller, and the
        picture says from what. A JPEG is then decoded at the nearest larger of its own scales, which is faster.
    Takes 7 bytes a pixel, up to 10 for a progressive JPEG, and 3 afterwards.
    Raises UndecodableImage, UnsupportedFormat, TooManyPixels.
    """
    image = _open(data)
    width, height = image.size
    if max_pixels is not None and width * height > max_pixels:
        raise TooManyPixels(f"the picture has {width} × {height} pixels; at most {max_pixels:,} are decoded")
    limited = longest_side is None and at_most is not None and max(width, height) > at_most
    if limited:
        longest_side = at_most
    if longest_side is not None:
        image.draft(None, scaled((width, height), longest_side))
    try:
        exif = image.getexif()
        credit = {tag: str(exif[tag])[:LONGEST_CREDIT] for tag in (EXIF_ARTIST, EXIF_COPYRIGHT) if tag in exif}
        if getattr(image, "tag_v2", {}).get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
            image.info["white_is_zero"] = True  # Pillow inverts 8 bits by itself, but not 16
        image.load()
        if image.mode in ("I", "F"):
            raise UnsupportedFormat(
                f"pictures of 32 bits a channel are not read (mode {image.mode}); send 8 or 16 bits"
            )
        if image.getexif().get(EXIF_ORIENTATION) in SIDEWAYS:
            width, height = height, width
        pixels, alpha = to_srgb(image)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken data
        raise UndecodableImage(f"the {image.format} picture is broken or cut short ({error})") from error
    image.close()  # four bytes a pixel
    if longest_side is not None:
        pixels, alpha = resized(pixels, alpha, scaled(pixels.shape[1::-1], longest_side))
    return Picture(
        torch.from_numpy(pixels),
        None if alpha is None else torch.from_numpy(alpha),
        _written_as(image, pixels.shape[1::-1]),
        credit,
        (width, height) if limited else None,
    )


def size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of a picture's file, from its header. Raises UndecodableImage, UnsupportedFormat."""
    return _open(data).size


def format_of(data: bytes) -> Format:
    """In which of the formats that are written a file is best written back: its own, if it is one of them and can be.

    Raises UndecodableImage, UnsupportedFormat.
    """
    image = _open(data)
    return _written_as(image, image.size)


def description(data: bytes) -> str | None:
    """The text that `encode` wrote into a picture's file, from its header.

    Other programs describe JPEGs too: it may be anybody's. Raises UndecodableImage, UnsupportedFormat.
    """
    image = _open(data)
    if image.format == "PNG":  # whose EXIF may stand behind its pixels, which are not to be decoded for it
        text = image.info.get(PNG_DESCRIPTION)
    else:
        try:
            text = image.getexif().get(EXIF_DESCRIPTION)
        except Exception as error:  # see decode
            raise UndecodableImage(f"the {image.format} picture's EXIF is broken ({error})") from error
    return None if text is None else str(text)


def encode(
    picture: Picture, format: Format | None = None, *, quality: int = 90, description: str | None = None
) -> bytes:
    """Write a picture: alpha is kept in PNG and WebP, and put on white in JPEG.

    format: default is the picture's own. quality: 1..100, for JPEG and WebP.
    description: an ASCII text to go with it, up to 60 kB: PNG's text "impasto", ImageDescription in the EXIF of others.
    Raises UnsupportedFormat when the format cannot hold so large a picture.
    """
    written = format or picture.format
    if written == "webp" and math.prod(picture.size) > MOST_OF_WEBP:
        raise UnsupportedFormat(
            f"WEBP is written up to {MOST_OF_WEBP:,} pixels, not {math.prod(picture.size):,}; write it as JPEG or PNG"
        )
    if max(picture.size) > LARGEST_SIDE[written]:
        raise UnsupportedFormat(
            f"{written.upper()} holds at most {LARGEST_SIDE[written]:,} pixels a side, not {max(picture.size):,}"
        )
    exif = Image.Exif()
    exif.update({tag: text.encode("latin-1", "replace") for tag, text in picture.credit.items()})
    options: dict[str, Any] = {}
    if written != "png":
        options["quality"] = quality
        if description is not None:
            exif[EXIF_DESCRIPTION] = description
    elif description is not None:
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text(PNG_DESCRIPTION, description)
    if exif:
        options["exif"] = exif
    if written == "jpeg":
        options["subsampling"] = 0 if quality >= 90 else 2  # brush strokes are coloured edges
    result = io.BytesIO()
    try:
        _image(picture, opaque=written == "jpeg").save(result, written.upper(), **options)
    except ValueError as error:
        if str(error) not in WEBP_OVERFLOWS:
            raise
        raise UnsupportedFormat(
            f"{written.upper()} does not hold this picture of {picture.size[0]} × {picture.size[1]} pixels ({error}); "
            "write it as JPEG or PNG"
        ) from error
    return result.getvalue()


def files_in(folder: Path) -> list[Path]:
    """The pictures in a folder, by their suffixes, sorted. Raises NoImages when there are none."""
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise NoImages(f"there is no picture in {folder} (looked for {', '.join(sorted(SUFFIXES))})")
    return files


def readable_formats() -> list[str]:
    """The formats that `decode` reads here, lower case."""
    heic = ["heic"] if find_spec("pillow_heif") else []
    return [name.lower() for name in READABLE] + heic


def _open(data: bytes) -> Image.Image:
    if not data:
        raise UndecodableImage("the picture is empty: zero bytes")
    try:
        return Image.open(io.BytesIO(data), formats=READABLE)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(f"the picture announces too many pixels to be decoded ({error})") from error
    except UnidentifiedImageError:
        pass
    except Exception as error:
        raise UndecodableImage(f"the picture's header is broken ({error})") from error
    if data[4:12] in HEIC:
        return _open_heic(data)
    readable = ", ".join(READABLE)
    try:
        name = Image.open(io.BytesIO(data), formats=RECOGNISED).format
    except Exception:  # noqa: BLE001 (see decode)
        raise UndecodableImage(f"the data is no picture; send one of {readable}") from None
    raise UnsupportedFormat(f"{name} pictures are not read; send one of {readable}")


def _open_heic(data: bytes) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise UnsupportedFormat(
            f"HEIC pictures are not read here; send one of {', '.join(READABLE)}, or install pillow-heif"
        ) from None
    try:
        image: Image.Image = HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
        return image
    except Exception as error:
        raise UndecodableImage(f"the HEIC picture is broken ({error})") from error


def _image(picture: Picture, *, opaque: bool) -> Image.Image:
    """A picture as Pillow has it, on white if it is to be opaque."""
    image = Image.new("RGB" if picture.alpha is None or opaque else "RGBA", picture.size)
    for rows in strips(*picture.pixels.shape[:2]):
        strip = picture.rows(rows).on_white() if opaque else picture.rows(rows)
        channels = [strip.pixels] if strip.alpha is None else [strip.pixels, strip.alpha[..., None]]
        image.paste(Image.fromarray(torch.cat(channels, dim=2).numpy()), (0, rows.start))
    return image


def scaled(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """The two sides of a picture of the same shape, with so many pixels on the longer one."""
    factor = longest_side / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _written_as(image: Image.Image, size: tuple[int, ...]) -> Format:
    if image.format in ("JPEG", "MPO", "HEIF"):  # MPO: a JPEG with further frames, as many phones write it
        return "jpeg"
    if image.format not in ("WEBP", "AVIF"):
        return "png"
    if max(size) <= LARGEST_SIDE["webp"] and math.prod(size) <= MOST_OF_WEBP:
        return "webp"
    return "png" if image.has_transparency_data else "jpeg"
