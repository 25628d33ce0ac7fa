"""Memory for pictures of any size, and what is said when there is not enough of it."""

from __future__ import annotations

import errno
import mmap
import os
import re
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor

from impasto.model.errors import ImpastoError
from impasto.model.network.allocator import release_freed_memory
from impasto.model.network.operations import Window

LARGE = 64 * 2**20
"""Bytes of a picture. A larger one is worth the milliseconds that it takes to tidy up."""
LARGEST_IN_MEMORY = 64 * 2**20
"""Bytes of a painting."""
MOST_KEPT = 288 * 2**20
"""Bytes of a layer's features: by the shipped network those of 4.7 megapixels in float32, of 9.4 in halves, and all
that it keeps at once is one and a half times as much. A hundred megapixels take 5 to 10 GB of the disk instead."""


class OutOfMemory(ImpastoError):
    """There is too little memory for so many pixels."""


class Room:
    """Memory for a painting (B, 3, H, W), float32, on the CPU; a large one lies in a file, which ends with it.

    Raises OutOfMemory.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        size = prod(shape) * torch.float32.itemsize
        self._map: mmap.mmap | None = None
        if size > LARGEST_IN_MEMORY:
            with _file(size) as file:
                self._map = mmap.mmap(file, size)
        self.tensor: Tensor = (
            torch.empty(*shape) if self._map is None else torch.frombuffer(self._map, dtype=torch.float32).view(*shape)
        )

    def rest(self) -> None:
        """Whatever was read or written so far need not stay in memory."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)  # of a shared file, which keeps what was written


class Store:
    """Features (1, C, H, W) of a picture, put down and taken up window by window; many on the CPU lie in a file.

    It is read and written, not mapped: a page of a map costs more when it is first touched than its numbers do.
    Raises OutOfMemory.
    """

    def __init__(self, height: int, width: int, channels: int, dtype: torch.dtype, device: torch.device) -> None:
        self._width, self._channels, self._dtype = width, channels, dtype
        size = height * width * channels * dtype.itemsize
        self._file = self._kept = None
        if device.type == "cpu" and size > MOST_KEPT:
            with _file(size) as file:
                self._file = os.dup(file)
            weakref.finalize(self, os.close, self._file)
        else:
            self._kept = torch.empty(height, width, channels, dtype=dtype, device=device)

    def put(self, window: Window, features: Tensor) -> None:
        """Features (1, C, h, w) of a window."""
        pixels = features[0].permute(1, 2, 0)
        if self._file is None:
            self._at(window).copy_(pixels)
            return
        with _disk("a temporary file cannot be written"):
            for line, place in self._lines(pixels.to(self._dtype).contiguous(), window):
                _whole(os.pwrite(self._file, line, place), line)

    def take(self, window: Window) -> Tensor:
        """What was put there, (1, C, h, w)."""
        if self._file is None:
            pixels = self._at(window)
        else:
            pixels = torch.empty(*map(len, window), self._channels, dtype=self._dtype)
            with _disk("a temporary file cannot be read"):
                for line, place in self._lines(pixels, window):
                    _whole(os.preadv(self._file, [line], place), line)
        return pixels.permute(2, 0, 1)[None]

    def _at(self, window: Window) -> Tensor:
        assert self._kept is not None
        rows, columns = window
        return self._kept[rows.start : rows.stop, columns.start : columns.stop]

    def _lines(self, pixels: Tensor, window: Window) -> Iterator[tuple[memoryview, int]]:
        """The bytes of each row of pixels (h, w, C), and where they are in the file."""
        rows, columns = window
        pixel = self._channels * self._dtype.itemsize
        for row, line in zip(rows, pixels.view(torch.uint8).numpy(), strict=True):
            yield memoryview(line), (row * self._width + columns.start) * pixel


@contextmanager
def _file(size: int) -> Iterator[int]:
    """A file without a name in the folder for temporary files, TMPDIR, which should be on a disk.

    Raises OutOfMemory.
    """
    failed = f"painting so many pixels takes a file of {_bytes(size)} among the temporary ones, and it cannot be had"
    with _disk(failed), tempfile.TemporaryFile() as file:
        os.posix_fallocate(file.fileno(), 0, size)  # a disk found full while writing to a map ends the process
        yield file.fileno()


@contextmanager
def _disk(failed: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutOfMemory(
            f"{failed} ({error.strerror}); make room there, set TMPDIR to another folder, or paint a smaller picture"
        ) from error


def _whole(moved: int, line: memoryview) -> None:
    if moved != line.nbytes:
        raise OSError(errno.EIO, f"{moved} of {line.nbytes} bytes")


def make_room(pixels: Tensor) -> None:
    """Before a large picture, (H, W, 3) of 8 bits, is painted or finished, give back what was kept for the next one.

    What a step leaves is in pieces that the next one, which needs other sizes, could not use.
    """
    if pixels.numel() > LARGE:
        release_freed_memory()


@contextmanager
def shortage(work: str) -> Iterator[None]:
    """Raises OutOfMemory where PyTorch says, in one of its ways, that memory is short. work: what for."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        short = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not short and not re.search(r"can't allocate memory|bad_alloc", str(error)):
            raise
        tried = re.search(r"allocate (\d+) bytes", str(error))
        more = f": another {_bytes(int(tried[1]))} could not be had" if tried else ""
        raise OutOfMemory(
            f"there is too little memory to {work}{more}; paint a smaller picture or fewer at once, or give the "
            "process more memory"
        ) from error


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
