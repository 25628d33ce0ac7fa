"""Bytes to pictures and back: the only place that knows file formats.

The number of pixels is read from the header and checked *before* anything is decoded.
"""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import Any

import torch
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile, PngInfo

from impasto.model.errors import InvalidValue
from impasto.model.pictures import exif, jpeg, png, tiff
from impasto.model.pictures.formats import HEIC, READABLE, SUFFIXES, name_of
from impasto.model.pictures.lanczos import resized
from impasto.model.pictures.picture import Format, Picture
from impasto.model.pictures.srgb import SIDEWAYS, to_srgb
from impasto.model.pictures.strips import strips

EXIF_DESCRIPTION, EXIF_ARTIST, EXIF_COPYRIGHT = 0x010E, 0x013B, 0x8298
PNG_DESCRIPTION = "impasto"
LONGEST_DESCRIPTION = 60_000
"""Letters: with a picture's credit they fit into a JPEG's EXIF, which has 64 kB."""
LONGEST_CREDIT = 1000
MOST_METADATA = 32_000_000
"""Bytes, unpacked, of what describes a picture: profiles of printing presses have ten million, workflows fewer."""

WEBP_OVERFLOWS = ("encoding error 6", "encoding error 7")
"""What Pillow says when the parts of a WebP are too large for it: much detail on very many pixels."""

LARGEST_SIDE: dict[Format, int] = {"jpeg": 65_500, "png": 2**31 - 1, "webp": 16_383}
"""Pixels on a side that a format can hold."""
MOST_PARTS = 50_000
"""Segments of a JPEG, chunks of a PNG: files of 100 megabytes have a tenth of them, and each takes its microsecond."""
MOST_SCANS = 100
"""Of a progressive JPEG, whose encoders make a dozen: each takes as long as any, be it 100 bytes."""
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


class TooMuchMetadata(ImageError):
    """What describes the picture is larger than any picture needs."""


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
    Raises UndecodableImage, UnsupportedFormat, TooManyPixels, TooMuchMetadata.
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
        if isinstance(image, PngImageFile):
            png.load(image)
        image.load()
        # a TIFF's is in its own directory, and Pillow has turned it
        orientation = exif.orientation(image.info.get("exif", b""))
        if orientation in SIDEWAYS:
            width, height = height, width
        pixels, alpha = to_srgb(image, orientation)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken data
        raise UndecodableImage(f"the {image.format} picture is broken or cut short ({error})") from error
    credit = {tag: text[:LONGEST_CREDIT] for tag in (EXIF_ARTIST, EXIF_COPYRIGHT) if (text := _text(image, tag))}
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
    return image.info.get(PNG_DESCRIPTION) if image.format == "PNG" else _text(image, EXIF_DESCRIPTION)


def encode(
    picture: Picture, format: Format | None = None, *, quality: int = 90, description: str | None = None
) -> bytes:
    """Write a picture: alpha is kept in PNG and WebP, and put on white in JPEG.

    format: default is the picture's own. quality: 1..100, for JPEG and WebP.
    description: an ASCII text of at most LONGEST_DESCRIPTION letters to go with it: PNG's text "impasto",
        ImageDescription in the EXIF of others.
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
    tags = Image.Exif()
    tags.update({tag: text.encode("latin-1", "replace") for tag, text in picture.credit.items()})
    options: dict[str, Any] = {}
    if written != "png":
        options["quality"] = quality
        if description is not None:
            tags[EXIF_DESCRIPTION] = description
    elif description is not None:
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text(PNG_DESCRIPTION, description)
    if tags:
        options["exif"] = tags
    if written == "jpeg":
        options["subsampling"] = 0 if quality >= 90 else 2  # brush strokes are coloured edges
    result = io.BytesIO()
    try:
        as_image(picture, opaque=written == "jpeg").save(result, written.upper(), **options)
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
    found = (path for path in folder.glob("[!.]*") if path.is_file())  # macOS keeps ._photo.jpg beside photo.jpg
    files = sorted(path for path in found if path.suffix.lower() in SUFFIXES)
    if not files:
        raise NoImages(f"there is no picture in {folder} (looked for {', '.join(sorted(SUFFIXES))})")
    return files


def _open(data: bytes) -> Image.Image:
    """A picture of which nothing is decoded yet."""
    if not data:
        raise UndecodableImage("the picture is empty: zero bytes")
    image = _open_png(data) if data.startswith(png.SIGNATURE) else _open_other(data)
    blocks = {name: image.info.pop(name, None) for name in ("icc_profile", "exif", "xmp")}
    image.info |= {name: block for name, block in blocks.items() if isinstance(block, bytes)}  # a TIFF may have numbers
    if sum(len(image.info.get(name, b"")) for name in blocks) > MOST_METADATA:
        raise _too_much_metadata()
    return image


def _open_png(data: bytes) -> Image.Image:
    if png.has_more_chunks(data, MOST_PARTS):
        raise UnsupportedFormat(f"PNG pictures of more than {MOST_PARTS:,} chunks are not read; save it anew")
    pared = png.pare(data, at_most=MOST_METADATA)
    if pared is None:
        raise _too_much_metadata()
    image = _open_other(pared.file)
    image.info["icc_profile"] = pared.profile
    if (text := pared.texts.get(PNG_DESCRIPTION.encode())) is not None:
        image.info[PNG_DESCRIPTION] = text.decode("utf-8", "replace")
    return image


def _open_other(data: bytes) -> Image.Image:
    if data.startswith(jpeg.SIGNATURE) and jpeg.has_more_segments(data, MOST_PARTS):
        raise UnsupportedFormat(f"JPEG pictures of more than {MOST_PARTS:,} segments are not read; save it anew")
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=READABLE)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(f"the picture announces too many pixels to be decoded ({error})") from error
    except Exception as error:
        if HEIC.match(data):
            return _open_heic(data)
        if "Exif payload" in str(error) and b"Exif" in data:  # of an AVIF, which is read without it
            return _open_other(data.replace(b"Exif", b"skip"))
        if kind := name_of(data) or tiff.layout(data):
            raise _unsupported(kind) from None
        if isinstance(error, UnidentifiedImageError):
            raise UndecodableImage(f"the data is no picture; send one of {', '.join(READABLE)}") from None
        raise UndecodableImage(f"the picture's header is broken ({error})") from error
    if "progressive" in image.info and jpeg.has_more_scans(data, MOST_SCANS):
        raise UnsupportedFormat(f"JPEG pictures of more than {MOST_SCANS} scans are not read; save it anew")
    if image.format == "TIFF":
        if kind := tiff.misread(image, data):
            raise _unsupported(kind)
        tiff.note_scale(image)
    return image


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


def _unsupported(kind: str) -> UnsupportedFormat:
    return UnsupportedFormat(f"{kind} pictures are not read; send one of {', '.join(READABLE)}")


def _too_much_metadata() -> TooMuchMetadata:
    return TooMuchMetadata(
        f"the picture's profile and texts have more than {MOST_METADATA:,} bytes; save it without its metadata"
    )


def _text(image: Image.Image, tag: int) -> str | None:
    """A text of the EXIF; None where it is not there, or broken."""
    try:
        value = image.getexif().get(tag)
    except Exception:  # noqa: BLE001 (see decode)
        return None
    return value if isinstance(value, str) else None


def as_image(picture: Picture, *, opaque: bool = False) -> Image.Image:
    """A picture as Pillow has it, on white if it is to be opaque."""
    if picture.alpha is None:
        return Image.fromarray(picture.pixels.numpy())
    image = Image.new("RGB" if opaque else "RGBA", picture.size)
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
