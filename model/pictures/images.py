"""Bytes to pictures and back: the only place that knows file formats.

One convention everywhere else: RGB, float32, [0, 1], channels first. Here orientation is applied,
embedded colour profiles are converted to sRGB, alpha is set aside, and the number of pixels is read
from the header and checked *before* anything is decoded.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from impasto.model.errors import InvalidValue

Format = Literal["jpeg", "png", "webp"]
"""The formats that are written."""

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

LARGEST_SIDE: dict[Format, int] = {"jpeg": 65_500, "png": 2**31 - 1, "webp": 16_383}
"""Pixels on a side that a format can hold."""

SRGB_NAMES = {"sRGB IEC61966-2.1", "sRGB built-in", "sRGB"}
"""Descriptions of profiles that need no conversion; others, "Linear sRGB" for one, do."""

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


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    rgb: (3, H, W), float32, sRGB in [0, 1].
    alpha: (1, H, W) in [0, 1], or None for an opaque picture.
    format: the format in which it is best written back.
    credit: EXIF artist and copyright, the only metadata that survives: every byte as the letter of
        that number, since files tell no encoding.
    """

    rgb: Tensor
    alpha: Tensor | None = None
    format: Format = "png"
    credit: dict[int, str] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.rgb.shape[2], self.rgb.shape[1]

    def with_rgb(self, rgb: Tensor) -> Picture:
        """The same picture in other colours: alpha, format and credit are kept."""
        return replace(self, rgb=rgb)

    def on_white(self) -> Picture:
        """The same picture without transparency."""
        return self if self.alpha is None else replace(self, rgb=self.rgb * self.alpha + (1 - self.alpha), alpha=None)


def decode(
    data: bytes, *, max_pixels: int | None = None, longest_side: int | None = None, at_most: int | None = None
) -> Picture:
    """Read the first frame of a JPEG, PNG, WebP, AVIF, GIF or TIFF; of a HEIC if pillow-heif is installed.

    max_pixels: the largest width × height that is decoded.
    longest_side: resize to this many pixels, larger or smaller. at_most: only ever smaller. A JPEG
        is then decoded at the nearest larger of its own scales, which is faster.
    Raises UndecodableImage, UnsupportedFormat, TooManyPixels.
    """
    image = _open(data)
    width, height = image.size
    if max_pixels is not None and width * height > max_pixels:
        raise TooManyPixels(f"the picture has {width} × {height} pixels; at most {max_pixels:,} are decoded")
    if longest_side is None and at_most is not None and max(width, height) > at_most:
        longest_side = at_most
    if longest_side is not None:
        image.draft(None, scaled((width, height), longest_side))
    try:
        exif = image.getexif()
        credit = {tag: str(exif[tag])[:LONGEST_CREDIT] for tag in (EXIF_ARTIST, EXIF_COPYRIGHT) if tag in exif}
        if getattr(image, "tag_v2", {}).get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
            image.info["white_is_zero"] = True  # Pillow inverts 8 bits by itself, but not 16
        image.load()
        color, alpha = _to_srgb(ImageOps.exif_transpose(image))
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken data
        raise UndecodableImage(f"the {image.format} picture is broken or cut short ({error})") from error
    if longest_side is not None:
        color, alpha = _resize(color, alpha, scaled(color.size, longest_side))
    return Picture(to_tensor(color), None if alpha is None else to_tensor(alpha), _written_as(image.format), credit)


def size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of a picture's file, from its header. Raises UndecodableImage, UnsupportedFormat."""
    return _open(data).size


def format_of(data: bytes) -> Format:
    """In which of the formats that are written a file is best written back: its own, if it is one of them.

    Raises UndecodableImage, UnsupportedFormat.
    """
    return _written_as(_open(data).format)


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
    if max(picture.size) > LARGEST_SIDE[written]:
        raise UnsupportedFormat(
            f"{written.upper()} holds at most {LARGEST_SIDE[written]:,} pixels a side, not {max(picture.size):,}"
        )
    if written == "jpeg":
        picture = picture.on_white()
    channels = picture.rgb if picture.alpha is None else torch.cat([picture.rgb, picture.alpha])
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
    to_image(channels).save(result, written.upper(), **options)
    return result.getvalue()


def to_image(channels: Tensor) -> Image.Image:
    """(C, H, W) in [0, 1], C = 3 or 4 -> an 8-bit image, rounded to the nearest of 256 values."""
    values = (channels.detach().permute(1, 2, 0) * 255).round_().clamp_(0, 255).to(torch.uint8)
    return Image.fromarray(values.cpu().contiguous().numpy())


def to_tensor(image: Image.Image) -> Tensor:
    """An 8-bit image -> (C, H, W), float32 in [0, 1]; grey has one channel."""
    values = torch.from_numpy(np.atleast_3d(np.array(image)))
    return values.float().div_(255).permute(2, 0, 1)


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


def _resize(
    color: Image.Image, alpha: Image.Image | None, size: tuple[int, int]
) -> tuple[Image.Image, Image.Image | None]:
    if alpha is None:
        return color.resize(size, Image.Resampling.LANCZOS), None
    # as one RGBA image, which Pillow premultiplies: colours under transparent pixels stay there
    both = Image.merge("RGBA", (*color.split(), alpha)).resize(size, Image.Resampling.LANCZOS)
    return both.convert("RGB"), both.getchannel("A")


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


def _to_srgb(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """An oriented image as 8-bit sRGB, and its alpha channel when it has one."""
    if image.mode in ("I", "F"):
        raise UnsupportedFormat(f"pictures of 32 bits a channel are not read (mode {image.mode}); send 8 or 16 bits")
    profile = image.info.get("icc_profile")
    alpha = None
    if image.mode.startswith("I;16"):
        image, alpha = _to_8_bits(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    return _apply_profile(image, profile).convert("RGB"), alpha


def _to_8_bits(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """A 16-bit grey image, which Pillow would clip at 255 instead of scaling; its alpha, if one grey is transparent."""
    values = np.asarray(image).astype(np.float32)
    transparent = image.info.get("transparency")
    alpha = None if transparent is None else Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    scaled = values / 257
    if image.info.get("white_is_zero"):
        scaled = 255 - scaled
    return Image.fromarray(scaled.round().astype(np.uint8)), alpha


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).strip() in SRGB_NAMES:
            return image
        return ImageCms.profileToProfile(image, source, _srgb(), outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):  # a broken profile, or one for another colour space
        return image


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def scaled(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """The two sides of a picture of the same shape, with so many pixels on the longer one."""
    factor = longest_side / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _written_as(read: str | None) -> Format:
    if read in ("JPEG", "MPO", "HEIF"):  # MPO: a JPEG with further frames, as many phones write it
        return "jpeg"
    return "webp" if read in ("WEBP", "AVIF") else "png"
