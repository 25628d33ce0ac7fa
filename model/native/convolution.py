"""Convolutions of 3 × 3 pixels on a CPU by Winograd's algorithm, and the gradients that pass back through them.

convolutions.cpp computes them, in a fraction of PyTorch's time. Their weights are not trained.
"""

from __future__ import annotations

import ctypes
import logging
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from impasto.model.native.building import BUILT, build_all, load_or_warn
from impasto.model.native.passing import pointer
from impasto.model.native.processor import has_amx
from impasto.model.native.winograd import BLOCK, quantized, transformed

SOURCES = [Path(__file__).with_name("convolutions.cpp")]
DEFINITIONS = [f"-DBLOCK={BLOCK}"]
LARGEST = {32: 2**14, 64: 2**14, 128: 11585, 256: 2**13, 512: 5793}
"""Channels read -> above what a tile's integers are: the more products are added up, the more bits the weights need."""
VALID, SAME, FULL = range(3)
"""Zeros around what is read: of what is written, gradients have two more where features have none."""


class Weights(NamedTuple):
    """What convolutions.cpp multiplies by, and what it is multiples of, if integers."""

    values: Tensor
    scales: Tensor


class BothWays:
    """Weights (C', C, 3, 3) of a convolution, and of the one by which gradients pass back, each once it is wanted."""

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight.detach()

    @cached_property
    def there(self) -> Weights:
        return _prepared(self._weight)

    @cached_property
    def back(self) -> Weights:
        return _prepared(self._weight.flip(2, 3).transpose(0, 1))


@cache
def library() -> ctypes.CDLL | None:
    """What was built, or None where it cannot be: the log then says why."""
    otherwise = "training and fits take longer without compiled kernels"
    return load_or_warn(SOURCES, otherwise, logging.INFO, definitions=DEFINITIONS)


def build(folder: Path = BUILT) -> list[Path]:
    """For every instruction set of this kind of processor. Raises KernelsUnavailable, OSError."""
    return build_all(SOURCES, DEFINITIONS, folder)


def precisions(weight: Tensor) -> tuple[torch.dtype, ...]:
    """In which a convolution of these weights is computed: matrix units, where there are any, do bfloat16 faster."""
    written, read, *kernel = weight.shape
    if kernel != [3, 3] or not {read, written} <= LARGEST.keys() or library() is None:
        return ()
    return (torch.float32,) if has_amx() else (torch.float32, torch.bfloat16)


@torch.inference_mode(False)  # whose tensors no gradient could pass by
def _prepared(weight: Tensor) -> Weights:
    loaded = library()
    assert loaded is not None
    blocks = [transformed(block) for block in weight.float().split(BLOCK)]
    if not loaded.multiplies_integers():
        return Weights(torch.cat(blocks), torch.ones(1))
    values, scales = zip(*(quantized(block, LARGEST[weight.shape[1]]) for block in blocks), strict=True)
    return Weights(torch.cat(values), torch.cat(scales))


def convolved(features: Tensor, weights: BothWays) -> Tensor:
    """Features (B, C, H, W), in float32 or bfloat16 -> (B, C', H - 2, W - 2). Gradients pass back."""
    out: Tensor = _convolved(features, *weights.there, *_back(weights))
    return out


def rectified(features: Tensor, bias: Tensor, weights: BothWays) -> Tensor:
    """Features (B, C, H, W), in float32 or bfloat16, with zeros around them -> (B, C', H, W).

    bias: (C',), added to what is convolved, of which nothing below zero is left. Gradients pass back to the features.
    """
    out: Tensor = _rectified(features, bias, *weights.there, *_back(weights))
    return out


def _back(weights: BothWays) -> tuple[Tensor | None, Tensor | None]:
    """Where no gradient is wanted now, too: whoever compiles, as training does, has asked without them before."""
    return (None, None) if torch.is_inference_mode_enabled() else weights.back


@torch.library.custom_op("impasto::convolved", mutates_args=())
def _convolved(
    features: Tensor, there: Tensor, scales: Tensor, back: Tensor | None, back_scales: Tensor | None
) -> Tensor:
    return _computed(features, VALID, there, scales)


@torch.library.custom_op("impasto::rectified", mutates_args=())
def _rectified(
    features: Tensor, bias: Tensor, there: Tensor, scales: Tensor, back: Tensor | None, back_scales: Tensor | None
) -> Tensor:
    return _computed(features, SAME, there, scales, bias=bias)


@torch.library.custom_op("impasto::passed_back", mutates_args=())
def _passed_back(gradient: Tensor, passed: Tensor | None, border: int, back: Tensor, back_scales: Tensor) -> Tensor:
    """passed: what a ReLU has left, above zero where gradients pass."""
    return _computed(gradient, border, back, back_scales, passed=passed)


@_convolved.register_fake
def _(features: Tensor, there: Tensor, scales: Tensor, back: Tensor | None, back_scales: Tensor | None) -> Tensor:
    return _out(features, VALID, there)


@_rectified.register_fake
def _(
    features: Tensor, bias: Tensor, there: Tensor, scales: Tensor, back: Tensor | None, back_scales: Tensor | None
) -> Tensor:
    return _out(features, SAME, there)


@_passed_back.register_fake
def _(gradient: Tensor, passed: Tensor | None, border: int, back: Tensor, back_scales: Tensor) -> Tensor:
    return _out(gradient, border, back)


def _remember_convolved(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[-2:])


def _pass_convolved_back(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return _passed_back(gradient, None, FULL, *ctx.saved_tensors), None, None, None, None


def _remember_rectified(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(output, *inputs[-2:])


def _pass_rectified_back(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    passed, *back = ctx.saved_tensors
    return _passed_back(gradient, passed, SAME, *back), None, None, None, None, None


_convolved.register_autograd(_pass_convolved_back, setup_context=_remember_convolved)
_rectified.register_autograd(_pass_rectified_back, setup_context=_remember_rectified)


def _computed(
    features: Tensor,
    border: int,
    weights: Tensor,
    scales: Tensor,
    *,
    passed: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    loaded = library()
    assert loaded is not None
    features = features.contiguous(memory_format=torch.channels_last)
    out = _out(features, border, weights)
    images, read, height, width = features.shape
    convolve = loaded.convolve_bfloat16 if features.dtype is torch.bfloat16 else loaded.convolve_float32
    convolve(
        pointer(features),
        pointer(passed),
        (ctypes.c_int64 * 6)(images, height, width, border, read, out.shape[1]),
        pointer(weights),
        pointer(scales),
        ctypes.c_float(LARGEST[read] - 1),
        pointer(bias),
        pointer(out),
    )
    return out


def _out(features: Tensor, border: int, weights: Tensor) -> Tensor:
    images, _, height, width = features.shape
    size = images, len(weights) * BLOCK, height + 2 * border - 2, width + 2 * border - 2
    return torch.empty(size, dtype=features.dtype, device=features.device, memory_format=torch.channels_last)
