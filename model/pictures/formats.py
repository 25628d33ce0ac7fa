"""Formats of pictures: those that are read, and those that are named to whoever sends them."""

from __future__ import annotations

import io
import re
from importlib.util import find_spec

from PIL import Image

READABLE = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF")
RECOGNISED = ("BMP", "ICO", "PPM", "TGA", "ICNS", "PCX")
"""Formats that are not read, but by Pillow, which tells them from others."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".gif", ".heic", ".heif"}

HEIC = re.compile(rb".{4}ftyp(hei[cxms]|hev[cxms]|mif[12]|msf1|.{0,60}hei[cxms])", re.DOTALL)
"""How the pictures of many phones begin."""
BEGINNINGS = {
    name: re.compile(beginning, re.DOTALL)
    for name, beginning in {
        "camera raw": rb"II\*\0.{4}CR|FUJIFILMCCD-RAW|IIRO|IIRS|MMOR|IIU\0|FOVb|\0MRM|.{4}ftypcrx ",
        "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
        "JPEG 2000": rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  ",
        "JPEG XR": rb"II\xbc",
        "SVG": rb"(\xef\xbb\xbf)?\s*((<\?xml|<!).{0,2000}?)?<svg\b",
        "PSD": rb"8BPS",
        "PDF": rb"%PDF",
        "EPS": rb"%!PS|\xc5\xd0\xd3\xc6",
        "OpenEXR": rb"v/1\x01",
        "Radiance HDR": rb"#\?R",
        "GIMP": rb"gimp xcf",
        "QOI": rb"qoif",
        "DDS": rb"DDS ",
        "MNG": rb"\x8aMNG|\x8bJNG",
        "video": rb".{4}ftyp(?!avi[fs])|\x1a\x45\xdf\xa3|RIFF.{4}AVI ",
    }.items()
}
"""How files of formats begin that Pillow does not know, or reads otherwise than they are meant."""


def name_of(data: bytes) -> str | None:
    """The format of a picture that is not read here; None for what is not known to be a picture."""
    if HEIC.match(data):
        return "HEIC"
    for name, beginning in BEGINNINGS.items():
        if beginning.match(data):
            return name
    try:
        return Image.open(io.BytesIO(data), formats=RECOGNISED).format
    except Exception:  # noqa: BLE001 (Pillow raises nearly anything on broken data)
        return None


def readable_formats() -> list[str]:
    """The formats that are read here, lower case."""
    heic = ["heic"] if find_spec("pillow_heif") else []
    return [name.lower() for name in READABLE] + heic
