"""Every mode of Pillow's in every format that it writes, whether it is read here or not."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms

from impasto.model.pictures.formats import READABLE
from impasto.model.pictures.images import UndecodableImage, UnsupportedFormat
from tests.hostile.case import PHOTO, Case, Refused
from tests.pictures import Pixels

GREY = np.asarray(Image.fromarray(PHOTO).convert("L"))
ALPHA = 128 + PHOTO[..., 0] // 2
MODES = (
    *("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK"),
    *("YCbCr", "HSV", "LAB", "I", "F", "I;16", "I;16B"),
)
NAMED = {"BMP", "DDS", "EPS", "ICNS", "ICO", "JPEG2000", "PCX", "PDF", "PPM", "QOI", "TGA"}
"""Formats that are not read, but called by their names; others are no picture."""
LOSSY = {"JPEG": 10, "MPO": 10, "WEBP": 20, "AVIF": 20, "GIF": 8}
"""Formats -> by how much a picture may differ. Those that are not here keep it."""
ROUNDED = 1.5
"""What is lost on the way to another colour space and back."""


def cases() -> Iterator[Case]:
    Image.init()
    for mode in MODES:
        image = photo_in(mode)
        for name in sorted(Image.SAVE):
            file = io.BytesIO()
            try:
                image.save(file, name)
            except (OSError, ValueError, KeyError, AttributeError, TypeError):
                continue  # not every format has every mode
            yield Case(f"{name} of {mode}", file.getvalue(), _expected(mode, name, image), LOSSY.get(name, ROUNDED))


def photo_in(mode: str) -> Image.Image:
    """The photo in a mode, with some transparency where its name ends with A."""
    photo = Image.fromarray(PHOTO)
    match mode:
        case "I;16" | "I;16B":
            return Image.frombytes(mode, (56, 40), (GREY.astype("<u2" if mode == "I;16" else ">u2") * 257).tobytes())
        case "LAB":
            srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
            converted = ImageCms.profileToProfile(photo, srgb, lab, outputMode="LAB")
            assert converted is not None
            return converted
        case "PA":
            image = photo.convert("P").convert("PA")
        case "RGBa":
            return photo_in("RGBA").convert(mode)
        case _:
            image = photo.convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.fromarray(ALPHA))
    return image


def _expected(mode: str, name: str, image: Image.Image) -> Refused | Pixels | None:
    if name not in (*READABLE, "MPO"):
        return UnsupportedFormat if name in NAMED else UndecodableImage
    if mode in ("I", "F") and name == "TIFF":
        return UnsupportedFormat
    if mode.startswith("I;16") and name not in ("PNG", "TIFF"):
        return None  # cut off by whoever wrote it
    if mode in ("1", "P", "PA"):
        seen = np.asarray(image.convert("RGB"))
    else:
        seen = np.dstack([GREY] * 3) if mode in ("L", "LA", "I", "F", "I;16", "I;16B") else PHOTO
    if mode.lower().endswith("a"):
        return None if name == "GIF" else np.dstack([seen, ALPHA])
    return seen
