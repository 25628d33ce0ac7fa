"""Files that end too early, at every kind of place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from impasto.model.pictures.images import ImageError, UndecodableImage
from tests.hostile.case import Case
from tests.pictures import encoded, photo

LARGE = photo(2, height=120, width=160)
"""Large enough for half a file to be half a picture."""


def whole() -> dict[str, bytes]:
    """One file of each way to compress a picture."""
    grey, alpha = LARGE[..., 0], np.dstack([LARGE, LARGE[..., 0]])
    image = Image.fromarray(LARGE)
    return {
        "jpeg": encoded(LARGE, "JPEG"),
        "jpeg progressive": encoded(LARGE, "JPEG", progressive=True),
        "jpeg cmyk": encoded(image.convert("CMYK"), "JPEG"),
        "mpo": encoded(LARGE, "MPO", save_all=True, append_images=[image]),
        "png": encoded(LARGE),
        "png alpha": encoded(alpha),
        "png 16 bits": encoded(grey.astype(np.uint16) * 257),
        "png palette": encoded(image.quantize(16)),
        "webp": encoded(LARGE, "WEBP"),
        "webp alpha": encoded(alpha, "WEBP"),
        "webp lossless": encoded(LARGE, "WEBP", lossless=True),
        "webp animated": encoded(LARGE, "WEBP", save_all=True, append_images=[image.rotate(180)]),
        "avif": encoded(LARGE, "AVIF", speed=10),
        "gif": encoded(LARGE, "GIF"),
        "tiff": encoded(LARGE, "TIFF"),
        "tiff lzw": encoded(LARGE, "TIFF", compression="tiff_lzw"),
        "tiff deflate": encoded(LARGE, "TIFF", compression="tiff_adobe_deflate"),
        "tiff jpeg": encoded(LARGE, "TIFF", compression="jpeg"),
        "tiff fax": encoded(image.convert("1"), "TIFF", compression="group4"),
    }


def cases() -> Iterator[Case]:
    for name, data in whole().items():
        for length in (1, 2, 3, 4, 8, 12, 20, 33):
            yield Case(f"{name}, {length} bytes", data[:length], ImageError)
        for share in (0.1, 0.3, 0.5):
            yield Case(
                f"{name}, {share:.0%}", data[: int(len(data) * share)], None if _is_enough(name) else UndecodableImage
            )
        for missing in (1, 2, 8, 100):  # of a picture that may be complete, or of what is behind it
            yield Case(f"{name}, all but {missing}", data[:-missing], None)


def _is_enough(name: str) -> bool:
    """Whether the first picture may lie in the first half of the file."""
    return name in ("mpo", "webp animated")
