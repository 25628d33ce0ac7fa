"""The loss network's convolutions on a CPU, by Winograd's algorithm, and the gradients that pass back through them.

convolutions.cpp computes them, in a fraction of PyTorch's time.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.native.building import BUILT, build_all, load_or_warn
from impasto.model.native.passing import pointer
from impasto.model.native.processor import has_amx
from impasto.model.native.winograd import BLOCK, quantized, transformed

SOURCES = [Path(__file__).with_name("convolutions.cpp")]
DEFINITIONS = [f"-DBLOCK={BLOCK}"]
LARGEST = {64: 2**14, 128: 11585, 256: 2**13, 512: 5793}
"""Channels read -> above what a tile's integers are: the more products are added up, the more bits the weights need."""


@cache
def library() -> ctypes.CDLL | None:
    """What was built, or None where it cannot be: the log then says why."""
    return load_or_warn(SOURCES, "losses take longer without compiled kernels", definitions=DEFINITIONS)


def build(folder: Path = BUILT) -> list[Path]:
    """For every instruction set of this kind of processor. Raises KernelsUnavailable, OSError."""
    return build_all(SOURCES, DEFINITIONS, folder)


class RectifiedConvolution(nn.Module):
    """A convolution of VGG, 3 × 3 with a border of zeros, and the ReLU behind it. Its weights are not trained.

    On a CPU the kernels compute it in float32, and in bfloat16 where there are no matrix units, which are faster.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        by_kernels = convolution.in_channels in LARGEST and library() is not None
        self._precisions = (torch.float32, *[torch.bfloat16] * (not has_amx())) if by_kernels else ()
        self._prepared: tuple[Tensor, ...] = ()

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        weight, bias = self.convolution.weight, self.convolution.bias
        precision = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype
        if features.device.type != "cpu" or precision not in self._precisions:
            return F.relu(self.convolution(features))
        if not self._prepared:
            self._prepared = (*prepared(weight), *prepared(weight.flip(2, 3).transpose(0, 1)))
        assert bias is not None
        found: Tensor = rectified(features.to(precision), bias.float(), *self._prepared)
        return found


def prepared(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (C', C, 3, 3) as convolutions.cpp takes them, and what they are multiples of if they are integers."""
    loaded = library()
    assert loaded is not None
    exact = transformed(weight.float())
    return quantized(exact, LARGEST[weight.shape[1]]) if loaded.multiplies_integers() else (exact, torch.ones(1))


@torch.library.custom_op("impasto::rectified_convolution", mutates_args=())
def rectified(
    features: Tensor, bias: Tensor, weights: Tensor, scales: Tensor, back_weights: Tensor, back_scales: Tensor
) -> Tensor:
    """A convolution of features (B, C, H, W) and its ReLU; gradients pass back through both.

    bias: (C',). weights, scales: as `prepared`, of the convolution, and of the one that is passed through backwards.
    """
    return _convolved(features, weights, scales, bias=bias)


@torch.library.custom_op("impasto::passed_back", mutates_args=())
def passed_back(gradient: Tensor, passed: Tensor, weights: Tensor, scales: Tensor) -> Tensor:
    """A gradient (B, C', H, W) of what `rectified` gave, `passed`, as one of its features (B, C, H, W)."""
    return _convolved(gradient, weights, scales, passed=passed)


@rectified.register_fake
def _(
    features: Tensor, bias: Tensor, weights: Tensor, scales: Tensor, back_weights: Tensor, back_scales: Tensor
) -> Tensor:
    return _out(features, weights)


@passed_back.register_fake
def _(gradient: Tensor, passed: Tensor, weights: Tensor, scales: Tensor) -> Tensor:
    return _out(gradient, weights)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(output, *inputs[-2:])


def _pass_back(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    passed, weights, scales = ctx.saved_tensors
    return passed_back(gradient, passed, weights, scales), None, None, None, None, None


rectified.register_autograd(_pass_back, setup_context=_remember)


def _convolved(
    features: Tensor, weights: Tensor, scales: Tensor, *, passed: Tensor | None = None, bias: Tensor | None = None
) -> Tensor:
    loaded = library()
    assert loaded is not None
    features = features.contiguous(memory_format=torch.channels_last)
    out = _out(features, weights)
    images, read, height, width = features.shape
    shape = (ctypes.c_int64 * 5)(images, height, width, read, out.shape[1])
    convolve = loaded.convolve_bfloat16 if features.dtype is torch.bfloat16 else loaded.convolve_float32
    convolve(
        pointer(features),
        pointer(passed),
        shape,
        pointer(weights),
        pointer(scales),
        ctypes.c_float(LARGEST[read] - 1),
        pointer(bias),
        pointer(out),
    )
    return out


def _out(features: Tensor, weights: Tensor) -> Tensor:
    images, _, height, width = features.shape
    size = images, len(weights) * BLOCK, height, width
    return torch.empty(size, dtype=features.dtype, device=features.device, memory_format=torch.channels_last)
