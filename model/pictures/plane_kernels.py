"""planes.cpp, built for this machine and called."""

from __future__ import annotations

import ctypes
import logging
import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from impasto.model.native.building import BUILT, build_all, load_or_warn
from impasto.model.native.passing import pointer
from impasto.model.pictures.bands import Bands

SOURCES = [Path(__file__).with_name("planes.cpp")]
MOST = 3
"""Planes that are added up at once."""

Weighted = tuple[float, Tensor]
"""So many times planes."""


class PlaneKernels:
    """Calls of the library: planes are (…, H, W), float32, contiguous and on the CPU.

    Rows of those that come out, but of `wider`, have `LANES` pixels at least.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def add(self, terms: Sequence[Weighted], *, bounded: bool = False) -> Tensor:
        """`MOST` of them at the most; bounded: from 0 to 1."""
        out = torch.empty_like(terms[0][1])
        self._library.add(*_integers(out.numel()), *_passed_terms(terms, MOST), ctypes.c_bool(bounded), pointer(out))
        return out

    def wider(self, planes: Tensor, columns: Bands) -> Tensor:
        """(…, H, W) -> (…, H, n)."""
        *others, width = planes.shape
        out = planes.new_empty(*others, columns.length)
        self._library.resample_rows(
            pointer(planes), *_integers(math.prod(others), width), *_passed(columns), pointer(out)
        )
        return out

    def higher(
        self,
        planes: Tensor,
        rows: Bands,
        weight: float = 1.0,
        others: Sequence[Weighted] = (),
        *,
        bounded: bool = False,
    ) -> Tensor:
        """(…, H, W) -> (…, n, W), so many times, and up to `MOST` - 1 others of that size; bounded: from 0 to 1."""
        *number, height, width = planes.shape
        out = planes.new_empty(*number, rows.length, width)
        self._library.resample_columns(
            pointer(planes),
            *_integers(math.prod(number), height, width),
            *_passed(rows),
            ctypes.c_float(weight),
            *_passed_terms(others, MOST - 1),
            ctypes.c_bool(bounded),
            pointer(out),
        )
        return out

    def as_pixels(self, planes: Tensor, padding: tuple[int, int, int, int], less: float) -> Tensor:
        """(B, 3, H, W) -> the same less a constant and with a mirrored border, channels-last.

        planes: or of uint8, of which 255 is 1, channels-last.
        """
        (images, channels, height, width), (left, right, above, below) = planes.shape, padding
        size = images, channels, above + height + below, left + width + right
        out = torch.empty(size, memory_format=torch.channels_last)
        border = (ctypes.c_int64 * len(padding))(*padding)
        as_pixels = self._library.bytes_as_pixels if planes.dtype is torch.uint8 else self._library.as_pixels
        as_pixels(pointer(planes), *_integers(images, height, width), border, ctypes.c_float(less), pointer(out))
        return out

    def to_planes(self, pixels: Tensor) -> Tensor:
        """(H, W, 3), uint8 -> (3, H, W) in [0, 1]."""
        height, width, channels = pixels.shape
        out = torch.empty(channels, height, width)
        self._library.to_planes(pointer(pixels), *_integers(height, width), pointer(out))
        return out

    def to_pixels(self, planes: Tensor) -> Tensor:
        """(3, H, W) in [0, 1] -> (H, W, 3), uint8. planes: whose columns follow one another in memory, or pixels."""
        channels, height, width = planes.shape
        out = torch.empty(height, width, channels, dtype=torch.uint8)
        strides = _integers(planes.stride(0), planes.stride(1))
        self._library.to_pixels(pointer(planes), *strides, *_integers(height, width), pointer(out))
        return out


@cache
def kernels() -> PlaneKernels | None:
    """What was built for this machine, or None where it cannot be: the log then says why."""
    otherwise = "pictures of other sizes take longer without compiled kernels"
    library = load_or_warn(SOURCES, otherwise, logging.INFO)  # the network's kernels have a louder word
    return PlaneKernels(library) if library else None


def build(folder: Path = BUILT) -> list[Path]:
    """For every instruction set of this kind of processor. Raises KernelsUnavailable, OSError."""
    return build_all(SOURCES, folder=folder)


def _passed(bands: Bands) -> tuple[object, ...]:
    return pointer(bands.firsts), pointer(bands.weights), *_integers(bands.weights.shape[1], bands.length)


def _passed_terms(terms: Sequence[Weighted], most: int) -> Iterator[object]:
    """Terms, and as many that are none."""
    for weight, planes in terms:
        yield from (pointer(planes), ctypes.c_float(weight))
    yield from [None, ctypes.c_float(0)] * (most - len(terms))


def _integers(*values: int) -> Iterator[ctypes.c_int64]:
    return map(ctypes.c_int64, values)
