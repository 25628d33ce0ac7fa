"""What a file holds, as 8-bit sRGB: turned as EXIF says, profiles applied, alpha set aside.

A strip of rows at a time, into arrays that are made once: Pillow holds four bytes a pixel, and every conversion of a
whole picture would take as many again.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from impasto.model.pictures.strips import strips

SIDEWAYS = (5, 6, 7, 8)
"""EXIF's orientations with which rows are columns."""
SRGB_NAMES = {"sRGB IEC61966-2.1", "sRGB built-in", "sRGB"}
"""Descriptions of profiles that need no conversion; others, "Linear sRGB" for one, do."""

GREY = ("1", "L", "LA", "La")
"""Pillow's modes of one colour, whose profiles are for one too."""

Pixels = NDArray[np.uint8]
Transforms = Callable[[str], "ImageCms.ImageCmsTransform | None"]
"""From a mode of Pillow's to what makes it sRGB; None: nothing to be done."""

AS_STORED: dict[object, Callable[[Pixels], Pixels]] = {
    2: np.fliplr,
    3: lambda upright: upright[::-1, ::-1],
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: np.rot90,
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: partial(np.rot90, k=-1),
}
"""EXIF's orientation -> how the rows and columns of the file lie in the upright picture: a view of it."""


def to_srgb(image: Image.Image, orientation: int | None) -> tuple[Pixels, Pixels | None]:
    """A loaded image as pixels (H, W, 3) and its alpha (H, W), if it has one. orientation: EXIF's, if it has one."""
    stored = AS_STORED.get(orientation, np.asarray)
    shape = image.size if orientation in SIDEWAYS else image.size[::-1]
    transforms = cache(partial(_transform, image.info.get("icc_profile")))
    pixels, alpha = np.empty((*shape, 3), np.uint8), None
    for rows in strips(image.height, image.width):
        color, opacity = _to_8_bit_rgb(image.crop((0, rows.start, image.width, rows.stop)), transforms)
        stored(pixels)[rows] = np.asarray(color)
        if opacity is not None:
            alpha = np.empty(shape, np.uint8) if alpha is None else alpha
            stored(alpha)[rows] = np.asarray(opacity)
    return pixels, alpha


def _to_8_bit_rgb(image: Image.Image, transforms: Transforms) -> tuple[Image.Image, Image.Image | None]:
    alpha = None
    if image.mode.startswith("I;16"):
        image, alpha = _to_8_bits(image)
    elif image.has_transparency_data:
        image = image.convert("LA" if image.mode in GREY else "RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if image.mode == "LA" else "RGB")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("L" if image.mode in GREY else "RGB")
    if transform := transforms(image.mode):
        image = ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB"), alpha


def _to_8_bits(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """A 16-bit grey image, which Pillow would clip at 255 instead of scaling; its alpha, if one grey is transparent."""
    values = np.asarray(image).astype(np.float32)
    transparent = image.info.get("transparency")
    alpha = None if transparent is None else Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    scaled = values / (image.info.get("largest", 65535) / 255)
    if image.info.get("white_is_zero"):
        scaled = 255 - scaled
    return Image.fromarray(scaled.round().astype(np.uint8)), alpha


def _transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).strip() in SRGB_NAMES:
            return None
        return ImageCms.buildTransform(source, _srgb(), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):  # a broken profile, or one for another colour space
        return None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
