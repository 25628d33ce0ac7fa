"""How a process on the CPU keeps its memory."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8
"""Of mallopt(3)."""
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""Environment of processes that begin threads before `keep_freed_memory` is called, as Ray's do: what is freed in an
arena of their own goes back to the system, and a photo of 1,024 pixels takes a quarter longer."""


def keep_freed_memory() -> None:
    """Keep what is freed for the next picture, in this process and from now on. Does nothing without glibc.

    The C library gives every large block back to the system, and the system hands it out again page by page, each
    page filled with zeros: at 1024 × 1024 pixels that took longer than the convolutions. The price is that a process
    stays as large as it was at its largest, which is what it needs again for the next picture.
    """
    if mallopt := _of_glibc("mallopt"):
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_ARENA_MAX, 1)):
            mallopt(option, value)


def release_freed_memory() -> None:
    """Give back to the system what was kept so far, so that it counts as free. Does nothing without glibc."""
    if malloc_trim := _of_glibc("malloc_trim"):
        malloc_trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function that other C libraries, musl for one, do not have."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
