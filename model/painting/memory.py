"""Memory for pictures of any size, and what is said when there is not enough of it."""

from __future__ import annotations

import mmap
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

import torch
from torch import Tensor

from impasto.model.errors import ImpastoError
from impasto.model.network.allocator import release_freed_memory

LARGE = 64 * 2**20
"""Bytes of a picture. A larger one is worth the milliseconds that it takes to tidy up."""
LARGEST_IN_MEMORY = 64 * 2**20
"""Bytes. Tiles keep up to three tensors of a picture at once, 96 bytes a pixel in float32: in memory these are 200 MB
at most, and a picture of a hundred megapixels takes 10 GB of the disk instead. It costs a tenth of the time."""


class OutOfMemory(ImpastoError):
    """There is too little memory for so many pixels."""


class Room:
    """Memory for a tensor; a large one on the CPU lies in a file without a name, which ends with it.

    The file is in the folder for temporary files, TMPDIR, which should be on a disk. Raises OutOfMemory.
    """

    def __init__(self, shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> None:
        size = prod(shape) * dtype.itemsize
        self._file = _mapped(size) if device.type == "cpu" and size > LARGEST_IN_MEMORY else None
        self.tensor: Tensor = (
            torch.empty(*shape, dtype=dtype, device=device)
            if self._file is None
            else torch.frombuffer(self._file, dtype=dtype).view(*shape)
        )

    def rest(self) -> None:
        """Whatever was read or written so far need not stay in memory."""
        if self._file is not None:
            self._file.madvise(mmap.MADV_DONTNEED)  # of a shared file, which keeps what was written


def _mapped(size: int) -> mmap.mmap:
    try:
        with tempfile.TemporaryFile() as file:
            os.posix_fallocate(file.fileno(), 0, size)  # a disk found full while writing to the map ends the process
            return mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise OutOfMemory(
            f"painting so many pixels takes a file of {_bytes(size)} among the temporary ones, and it cannot be had "
            f"({error.strerror}); make room there, set TMPDIR to another folder, or paint a smaller picture"
        ) from error


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
