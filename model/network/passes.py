"""A pass of the network in one call of the CPU's kernels: what passes.cpp is told of its layers.

Between two layers Python is not needed, nor its lock, for which threads of a service wait as long as another has it.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from impasto.model.native.passing import pointer
from impasto.model.native.winograd import BLOCK
from impasto.model.network.operations import Border, Step
from impasto.model.network.statistics import Drift


class Kernel(IntEnum):
    """What computes a convolution, as passes.cpp numbers it."""

    WINOGRAD, NARROWER, WIDER, DIRECT, MATRICES = range(5)


class Failure(IntEnum):
    """What passes.cpp returns."""

    NONE, UNKNOWN_CHANNELS, NO_MEMORY = range(3)


@dataclass(frozen=True)
class Computed:
    """A convolution as a kernel computes it. weights: as that one takes them; scales: what they are multiples of."""

    by: Kernel
    weights: Tensor
    scales: Tensor | None = None

    @property
    def pieces(self) -> int:
        """Of a nested kernel, down and across."""
        return self.weights.shape[1]


class Pass:
    """All steps over photos of one size, by a library of kernels. steps: and what computes their convolutions.

    border: how far the first layer reads beyond them, left, right, above and below. less: what is taken from them.
    """

    def __init__(
        self, library: ctypes.CDLL, steps: Sequence[tuple[Step, Computed]], border: Border, less: float
    ) -> None:
        self._paint, self._release = library.paint, library.release
        self._paint.restype = ctypes.c_void_p
        self._steps = steps  # whose weights are not to go
        self._style_size = sum(2 * step.convolution.channels for step, _ in steps)
        passed = [number for each in steps for number in _passed(*each)]
        self._passed = (ctypes.c_int64 * len(passed))(*passed), ctypes.c_int64(len(steps))
        self._border, self._less = (ctypes.c_int64 * len(border))(*border), ctypes.c_float(less)

    def __call__(self, photos: Tensor, styles: Tensor, drift: Drift | None) -> Tensor:
        """As `AtOnce`.

        Raises MemoryError; ValueError for styles of another shape, and numbers of channels that the library lacks.
        """
        of_bytes = photos.dtype is torch.uint8
        if of_bytes:
            photos = photos.contiguous(memory_format=torch.channels_last)
        else:
            photos = photos.to(torch.float32).contiguous()
        images, _, height, width = photos.shape
        if styles.shape != (images, self._style_size):
            raise ValueError(f"styles are {tuple(styles.shape)} numbers, not {(images, self._style_size)}")
        styles = styles.to(torch.float32).contiguous()
        failure = ctypes.c_int()
        painted = self._paint(
            pointer(photos),
            ctypes.c_bool(of_bytes),
            *map(ctypes.c_int64, (images, height, width)),
            self._border,
            self._less,
            *self._passed,
            pointer(styles),
            pointer(drift.moments if drift else None),
            ctypes.c_double(drift.pace if drift else 0),
            ctypes.byref(failure),
        )
        if failure.value == Failure.NO_MEMORY:
            raise MemoryError("the features of a layer")
        if failure.value:
            channels = sorted({step.convolution.channels for step, _ in self._steps})
            raise ValueError(f"there are no kernels for one of {channels} channels")
        return self._owned(painted, photos.numel()).view(photos.shape)

    def _owned(self, address: int, count: int) -> Tensor:
        """What the library has left there, which goes with it."""
        numbers = (ctypes.c_float * count).from_address(address)
        weakref.finalize(numbers, self._release, ctypes.c_void_p(address))
        return torch.frombuffer(numbers, dtype=torch.float32)


def _passed(step: Step, computed: Computed) -> list[int]:
    """A step as passes.cpp's `Layer` lies in memory."""
    convolution, doubled, channels = step.convolution, step.convolution.doubled, step.convolution.channels
    written, _, kernel, _ = convolution.weight.shape
    measured = computed.by in (Kernel.WINOGRAD, Kernel.MATRICES) and channels % BLOCK == 0
    return [
        computed.by,
        computed.weights.data_ptr(),
        0 if computed.scales is None else computed.scales.data_ptr(),
        *(kernel, convolution.stride, computed.pieces),
        *(*(side // 2 + 1 if doubled else side for side in step.size), written),
        *(*step.size, channels),
        *(doubled, measured, step.opens, step.adds),
        *(*step.then.padding, step.then.replicate),
    ]
