"""A pass of the network in one call of the CPU's kernels: what passes.cpp is told of its layers.

Between two layers Python is not needed, nor its lock, for which threads of a service wait as long as another has it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from impasto.model.native.passing import pointer
from impasto.model.network.operations import Step
from impasto.model.network.statistics import Drift
from impasto.model.network.winograd import BLOCK


class Kernel(IntEnum):
    """What computes a convolution, as passes.cpp numbers it."""

    WINOGRAD, NARROWER, WIDER, DIRECT = range(4)


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


@dataclass(frozen=True)
class Layer:
    """A step, and what computes its convolution."""

    step: Step
    computed: Computed

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of its features."""
        rows, columns = self.step.window
        return len(rows), len(columns)

    @property
    def channels(self) -> int:
        """Of its features."""
        return len(self.step.convolution.weight) // (4 if self.step.then.doubled else 1)

    def passed(self) -> list[int]:
        """As passes.cpp's `Layer` lies in memory."""
        step, convolution, computed, doubled = self.step, self.step.convolution, self.computed, self.step.then.doubled
        written, _, kernel, _ = convolution.weight.shape
        places = [side // 2 + 1 if doubled else side for side in self.size]
        measured = computed.by is Kernel.WINOGRAD and self.channels % BLOCK == 0
        return [
            computed.by,
            computed.weights.data_ptr(),
            0 if computed.scales is None else computed.scales.data_ptr(),
            *(kernel, convolution.stride, computed.pieces),
            *(*places, written),
            *(*self.size, self.channels),
            *(doubled, measured, step.opens, step.adds),
            *(*step.then.padding, step.then.replicate),
        ]


class Pass:
    """All layers over pictures of one size, by a library of kernels."""

    def __init__(self, library: ctypes.CDLL, layers: Sequence[Layer]) -> None:
        self._paint = library.paint
        self._layers = layers  # whose weights are not to go
        passed = [number for layer in layers for number in layer.passed()]
        self._passed = (ctypes.c_int64 * len(passed))(*passed)

    def __call__(self, photos: Tensor, styles: Tensor, drift: Drift | None) -> Tensor:
        """Photos (B, 3, h, w) with the padding of the first layer, channels-last, float32, and style vectors (B, E) ->
        (B, 3, H, W), normalized, which lie where the photos were. drift: of one photo, statistics to paint it by.

        Raises MemoryError; ValueError for numbers of channels that the library does not know.
        """
        images, colors, rows, columns = photos.shape
        height, width = self._layers[-1].size
        row = colors * width
        out = photos.as_strided((images, colors, height, width), (row * height, 1, row, colors))
        layout = (ctypes.c_int64 * 6)(images, rows, columns, photos.stride(0), photos.stride(2), colors)
        count = ctypes.c_int64(len(self._layers))
        styles = styles.to(torch.float32).contiguous()
        held = pointer(drift.moments if drift else None), ctypes.c_double(drift.pace if drift else 0)
        failure = self._paint(pointer(photos), layout, self._passed, count, pointer(styles), *held, pointer(out))
        if failure == Failure.NO_MEMORY:
            raise MemoryError("the features of a layer")
        if failure:
            channels = sorted({layer.channels for layer in self._layers})
            raise ValueError(f"there are no kernels for one of {channels} channels")
        return out
