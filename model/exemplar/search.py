"""search.cpp, built for this machine and called. Where it cannot be, match.py and coherence.py find the same."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from impasto.model.native.building import BUILT, build_all, load_or_warn
from impasto.model.native.passing import pointer

SOURCES = [Path(__file__).with_name("search.cpp")]
TOGETHER = 64
"""Patches that are compared at once, at the most."""
RUN = 16
"""Numbers of a patch that are multiplied at once."""


@cache
def library() -> ctypes.CDLL | None:
    """What was built, or None where it cannot be: the log then says why."""
    return load_or_warn(SOURCES, "textures and analogies take longer without their kernels")


def build(folder: Path = BUILT) -> list[Path]:
    """For every instruction set of this kind of processor. Raises KernelsUnavailable, OSError."""
    return build_all(SOURCES, folder=folder)


@dataclass(frozen=True)
class Compared:
    """What patches that are sought differ by from those in memory: constants + Σ weights · numbers.

    taps: (T,), where in memory the numbers of the first patch lie; those of others are as much further as they are.
    weights: (Q, T). constants: (Q,).
    """

    memory: Tensor
    taps: Tensor
    weights: Tensor
    constants: Tensor

    def passed(self) -> object:
        """As kernels take it."""
        pointers = map(_pointer, (self.memory, self.taps, self.weights, self.constants))
        return ctypes.byref(_Compared(*pointers, len(self.taps), len(self.constants)))


class _Compared(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("memory", "taps", "weights", "constants")),
        *((name, ctypes.c_int64) for name in ("count", "sought")),
    ]


@dataclass(frozen=True)
class Layout:
    """Patches as runs of numbers that lie together.

    memory: int16. starts: (R,), where in it the runs of the first patch begin. sizes: (R,), how much further those of
    the next one do. added: int32, what is added for each patch.
    """

    memory: Tensor
    starts: Tensor
    sizes: Tensor
    added: Tensor


@dataclass(frozen=True)
class Pieces:
    """What patches that are sought differ by from those that lie so: constants + Σ weights · numbers.

    weights: (Q, R · RUN), int16. constants: (Q,), int32.
    """

    layout: Layout
    weights: Tensor
    constants: Tensor

    def passed(self) -> object:
        """As kernels take it."""
        layout = self.layout
        tensors = layout.memory, layout.starts, layout.sizes, layout.added, self.weights, self.constants
        return ctypes.byref(_Pieces(*map(_pointer, tensors), len(layout.starts), len(self.constants)))


class _Pieces(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("memory", "starts", "sizes", "added", "weights", "constants")),
        *((name, ctypes.c_int64) for name in ("count", "sought")),
    ]


def project(memory: Tensor, taps: Tensor, directions: Tensor, count: int) -> Tensor:
    """The first patches in memory along directions (K, T): (K, count), a multiple of TOGETHER."""
    found, nothing = torch.empty(len(directions), count), torch.zeros(count)
    along = Compared(memory, taps, directions, torch.zeros(len(directions)))
    _library().project(along.passed(), _pointer(nothing), ctypes.c_int64(count), _pointer(found))
    return found


def nearest(
    coarse: Compared,
    error: float,
    whole: Pieces,
    barred: Tensor,
    at_most: Tensor,
    tolerance: float,
    random: Tensor | None,
) -> Tensor:
    """Where in memory the patches lie that a Matcher seeks, (Q,), as its `nearest` has it; -1 where there is none.

    coarse: sketches, which differ by less, but for an error that moves each of them by as much at most.
    barred: (N,), what is added to what coarse ones differ by, infinity for what may not be taken. N is a multiple of
    TOGETHER, and memory goes as far from every tap.
    """
    found = torch.empty(len(at_most), dtype=torch.long)
    _library().nearest(
        coarse.passed(),
        ctypes.c_float(error),
        whole.passed(),
        _pointer(barred),
        ctypes.c_int64(len(barred)),
        _pointer(at_most),
        ctypes.c_double(1 + tolerance),
        _pointer(random),
        _pointer(found),
    )
    return found


def differences(whole: Pieces, places: Tensor) -> Tensor:
    """Of patches that a Matcher seeks from those that lie at places (Q, N) in memory, (Q, N), float64."""
    found = torch.empty(places.shape, dtype=torch.float64)
    _library().differences(
        whole.passed(),
        _pointer(places),
        ctypes.c_int64(places.shape[1]),
        _pointer(found),
    )
    return found


def cohere(
    pixels: Tensor,
    allowed: Tensor,
    coordinates: Tensor,
    others: Tensor,
    neighbors: Tensor,
    compared: Tensor,
    rows: range,
) -> None:
    """Choose the pixels of some rows of a map (H, W, 2) anew, as coherence.py has it.

    pixels: (h, w, 3), int32. allowed: (h, w), bool. others: (H, W, 2). neighbors, compared: (N, 2), (K, 2).
    """
    shape = torch.tensor([*allowed.shape, *coordinates.shape[:2], rows.start, rows.stop])
    _library().cohere(
        _pointer(pixels),
        _pointer(allowed),
        _pointer(coordinates),
        _pointer(others),
        _pointer(neighbors),
        ctypes.c_int64(len(neighbors)),
        _pointer(compared),
        ctypes.c_int64(len(compared)),
        _pointer(shape),
    )


def _library() -> ctypes.CDLL:
    found = library()
    assert found is not None
    return found


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    if tensor is not None and not tensor.is_contiguous():
        raise ValueError("kernels read what lies together in memory")
    return pointer(tensor)
