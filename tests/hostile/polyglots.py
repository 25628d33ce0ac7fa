"""Files that are two things at once: a picture for us, something else for somebody else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from impasto.model.pictures.images import UndecodableImage, UnsupportedFormat
from tests.hostile.case import PHOTO, Case
from tests.pictures import Pixels, encoded, png_chunk

SCRIPT = b"<html><script>alert(document.domain)</script></html>"
FEW = PHOTO // 128 * 255
"""The photo in few colours, which a GIF keeps."""


def _zipped() -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.html"), SCRIPT)
    return result.getvalue()


def payloads() -> dict[str, bytes]:
    return {
        "html": SCRIPT,
        "a zip": _zipped(),
        "php": b"<?php system($_GET['c']); ?>",
        "a pdf": b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
        "a program": b"\x7fELF\2\1\1" + bytes(57),
        "another picture": encoded(PHOTO[::-1].copy(), "PNG"),
    }


def cases() -> Iterator[Case]:
    files: dict[str, tuple[bytes, Pixels, float]] = {
        "jpeg": (encoded(PHOTO, "JPEG", quality=95, subsampling=0), PHOTO, 4),
        "png": (encoded(PHOTO), PHOTO, 0),
        "webp": (encoded(PHOTO, "WEBP", lossless=True), PHOTO, 0),
        "avif": (encoded(PHOTO, "AVIF", quality=95, subsampling="4:4:4"), PHOTO, 4),
        "gif": (encoded(FEW, "GIF"), FEW, 0),
        "tiff": (encoded(PHOTO, "TIFF"), PHOTO, 0),
    }
    for payload, tail in payloads().items():
        for name, (data, seen, tolerance) in files.items():
            yield Case(f"{name} with {payload} behind", data + tail, seen, tolerance)
            refused = UnsupportedFormat if payload == "a pdf" else UndecodableImage
            if payload != "another picture":
                yield Case(f"{name} with {payload} before", tail + data, refused)
    png, jpeg, gif = files["png"][0], files["jpeg"][0], files["gif"][0]
    for payload, hidden in payloads().items():
        text = png_chunk(b"tEXt", b"Comment\0" + hidden)
        yield Case(f"png with {payload} in a text", png[:33] + text + png[33:], PHOTO)
        private = png_chunk(b"ruSt", hidden)
        yield Case(f"png with {payload} in a chunk of its own", png[:33] + private + png[33:], PHOTO)
        comment = b"\xff\xfe" + (len(hidden) + 2).to_bytes(2, "big") + hidden
        yield Case(f"jpeg with {payload} in a comment", jpeg[:2] + comment + jpeg[2:], PHOTO, 4)
        blocks = b"".join(bytes([len(hidden[n : n + 255])]) + hidden[n : n + 255] for n in range(0, len(hidden), 255))
        yield Case(f"gif with {payload} in a comment", gif[:-1] + b"\x21\xfe" + blocks + b"\0;", FEW)
    # a screen of the size that is written /* in letters makes the header the beginning of a comment of JavaScript
    script = b"GIF89a/*" + gif[8:-1] + b"*/=1;alert(1);"
    yield Case("gif that is JavaScript", script, None)
    for first in ("jpeg", "png", "gif"):
        for second in ("jpeg", "png", "gif"):
            if first != second:
                beginning = {"jpeg": 3, "png": 8, "gif": 6}[first]
                mixed = files[first][0][:beginning] + files[second][0][beginning:]
                yield Case(f"{second} that begins as {first}", mixed, UndecodableImage)
    for text in (
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<?xml version='1.0'?><svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ):
        yield Case(f"{text[:5].decode()} with a png in it", text + png, UnsupportedFormat)


def hidden(data: bytes) -> bool:
    """Whether anything of a payload is still in a file."""
    return any(payload in data for name, payload in payloads().items() if name != "another picture")
