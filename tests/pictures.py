"""Synthetic pictures and files for the tests: small, seeded, with something on them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Pixels = NDArray[np.uint8]


def photo(seed: int = 0, *, height: int = 64, width: int = 64) -> Pixels:
    """(H, W, 3), uint8: soft colour gradients with a few rectangles, different for each seed."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j][..., None]
    values = 0.5 + 0.4 * np.sin(x * random.uniform(2, 9, 3) + y * random.uniform(2, 9, 3) + random.uniform(0, 6, 3))
    for _ in range(5):
        top, left = int(random.integers(0, height)), int(random.integers(0, width))
        values[top : top + height // 4, left : left + width // 4] = random.random(3)
    pixels: Pixels = (values * 255).round().astype(np.uint8)
    return pixels


def painting(seed: int = 0, *, height: int = 128, width: int = 128) -> Pixels:
    """(H, W, 3), uint8: coarse patches of few colours, different for each seed."""
    random = np.random.default_rng((seed, 1))
    palette = random.integers(0, 256, (6, 3))
    patches: Pixels = palette[random.integers(0, 6, (height // 8 + 1, width // 8 + 1))].astype(np.uint8)
    return patches.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]


def encoded(pixels: NDArray[Any] | Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file of Pillow's `file_format`."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    result = io.BytesIO()
    image.save(result, file_format, **options)
    return result.getvalue()


def opened(data: bytes) -> Image.Image:
    """A file as Pillow reads it, decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG, with its length and its sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_file(*chunks: bytes) -> bytes:
    """A PNG of such chunks, and its end."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def png_header(
    width: int, height: int, *, depth: int = 8, color: int = 2, how: tuple[int, int, int] = (0, 0, 0)
) -> bytes:
    """The first chunk of a PNG. how: compression, filter and interlacing."""
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, *how))


def png_claiming(width: int, height: int) -> bytes:
    """A valid PNG header that announces a size, and next to nothing behind it."""
    return png_file(png_header(width, height), png_chunk(b"IDAT", zlib.compress(bytes(100))))


def write_photos(folder: Path, count: int, *, side: int = 64) -> Path:
    """A folder of `count` photos, photo-0.jpg, photo-1.jpg, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        (folder / f"photo-{n}.jpg").write_bytes(encoded(photo(n, height=side, width=side + 8), "JPEG", quality=92))
    return folder


def write_paintings(folder: Path, count: int, *, side: int = 128) -> Path:
    """A folder of `count` paintings, style-0.png, style-1.png, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        (folder / f"style-{n}.png").write_bytes(encoded(painting(n, height=side, width=side)))
    return folder


def decibels(one: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio of pictures in [0, 1]."""
    return float(-10 * (one - other).square().mean().log10())
