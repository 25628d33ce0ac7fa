"""Which TIFFs are read as they are meant: the format says more than Pillow understands of it."""

from __future__ import annotations

import io

from PIL import Image, TiffImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2

# Pillow's own reader takes the bytes of 16-bit planes for 8-bit ones; libtiff reads every arrangement.
TiffImagePlugin.READ_LIBTIFF = True

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES = 254, 256, 257, 258, 259, 262, 277
PLANES, SUB_PICTURES, EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION = 284, 330, 338, 339, 50706
WHITE_IS_ZERO, RGB, YCBCR, LAB, SENSOR = 0, 2, 6, 8, (32803, 34892)
"""Values of `PHOTOMETRIC`."""
REDUCED, SIGNED, APART = 1, 2, 2
"""Values of `SUBFILE`, `SAMPLE_FORMAT` and `PLANES`."""


def misread(image: Image.Image, data: bytes) -> str | None:
    """What an opened TIFF is that Pillow would show otherwise than it was meant; None when it would not."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    extra = tags.get(EXTRA_SAMPLES, ())
    if data[8:10] == b"CR" or DNG_VERSION in tags or (SUB_PICTURES in tags and tags.get(SUBFILE) == REDUCED):
        return "camera raw"  # whose first picture is a small copy
    if max(tags.get(BITS, (1,))) == 32:
        return "TIFF (32 bits a channel; 8 and 16 are read)"
    if SIGNED in tags.get(SAMPLE_FORMAT, ()):
        return "TIFF (numbers below zero)"
    photometric = tags.get(PHOTOMETRIC)
    readable = not extra or (photometric, len(extra)) == (RGB, 1) or (photometric != YCBCR and not any(extra))
    if tags.get(PLANES) == APART and not readable:
        return "TIFF (more planes than colours)"
    if tags.get(PLANES) == APART and photometric == LAB:
        return "TIFF (L*a*b* in planes)"  # whose numbers below zero are taken for others
    return None


def layout(data: bytes) -> str | None:
    """What a TIFF that Pillow does not open is like; None for one that is broken, and for what is none."""
    if not data.startswith(MAGIC):
        return None
    try:
        file = io.BytesIO(data)
        tags = ImageFileDirectory_v2(file.read(8 if b"*" in data[:4] else 16))
        file.seek(tags.next)
        tags.load(file)
        photometric, samples, bits = tags[PHOTOMETRIC], tags.get(SAMPLES, 1), tags.get(BITS, (1,))[0]
        whole = tags[WIDTH] > 0 and tags[HEIGHT] > 0
    except Exception:  # noqa: BLE001 (whatever Pillow raises on broken data)
        return None
    if photometric in SENSOR or DNG_VERSION in tags:
        return "camera raw"
    kind = f"TIFF ({samples} × {bits} bits, photometric {photometric}, compression {tags.get(COMPRESSION, 1)})"
    return kind if whole else None


def note_scale(image: Image.Image) -> None:
    """Note in the `info` of a 16-bit grey TIFF what Pillow tells nobody: its largest value, and whether it is black."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    image.info["largest"] = 2 ** tags.get(BITS, (1,))[0] - 1
    image.info["white_is_zero"] = tags.get(PHOTOMETRIC) == WHITE_IS_ZERO
