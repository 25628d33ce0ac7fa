"""Convolutions of 3 × 3 pixels on a CPU by Winograd's algorithm, and the gradients that pass back through them.

convolutions.cpp computes them, in a fraction of PyTorch's time. Their weights are not trained.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import MutableMapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from impasto.model.native.building import BUILT, build_all, load_or_warn
from impasto.model.native.passing import pointer
from impasto.model.native.processor import has_amx
from impasto.model.native.winograd import BLOCK, quantized, transformed

SOURCES = [Path(__file__).with_name("convolutions.cpp")]
DEFINITIONS = [f"-DBLOCK={BLOCK}"]
LARGEST_OF = {32: 2**14, 64: 2**14, 128: 11585, 256: 2**13, 512: 5793}
"""Channels read -> above what a tile's integers are: the more products are added up, the more bits the weights need."""
VALID, SAME, FULL = range(3)
"""Zeros around what is read. Gradients of a convolution without any have two."""


class Weights(NamedTuple):
    """What convolutions.cpp multiplies by, and what it is multiples of, if integers."""

    values: Tensor
    scales: Tensor


class _Prepared:
    """Weights (C', C, 3, 3) as the kernels take them, each way once it is wanted, until they are changed."""

    def __init__(self) -> None:
        self._found: MutableMapping[Tensor, dict[tuple[bool, int, int], Weights]] = WeakTensorKeyDictionary()

    def __call__(self, weight: Tensor, *, back: bool = False) -> Weights:
        """back: those of the convolution by which gradients pass back."""
        version = 0 if weight.is_inference() else weight._version
        own, key = self._found.setdefault(weight, {}), (back, weight.data_ptr(), version)
        if key not in own:
            for stale in [other for other in own if other[1:] != key[1:]]:
                del own[stale]
            own[key] = _prepare(weight.flip(2, 3).transpose(0, 1) if back else weight)
        return own[key]


prepared = _Prepared()


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
    if kernel != [3, 3] or not {read, written} <= LARGEST_OF.keys() or library() is None:
        return ()
    return (torch.float32,) if has_amx() else (torch.float32, torch.bfloat16)


def precision_of(features: Tensor, weight: Tensor) -> torch.dtype | None:
    """In which PyTorch would convolve features on a CPU, if it would."""
    if torch.is_autocast_enabled("cpu") and torch.float64 not in (features.dtype, weight.dtype):
        return torch.get_autocast_dtype("cpu")
    return weight.dtype if features.dtype is weight.dtype else None


def bytes_prepared(weight: Tensor) -> int:
    """That weights take once they have been wanted both ways."""
    loaded = library()
    assert loaded is not None
    return 2 * weight.numel() // 9 * 36 * (2 if loaded.multiplies_integers() else 4)


def convolved(features: Tensor, weight: Tensor) -> Tensor:
    """Features (B, C, H, W), in float32 or bfloat16, and weights (C', C, 3, 3) -> (B, C', H - 2, W - 2).

    Gradients pass back to the features. Raises ValueError for other numbers of channels.
    """
    out: Tensor = _convolved(features, weight)
    return out


def rectified(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Features (B, C, H, W), in float32 or bfloat16, and weights (C', C, 3, 3) -> (B, C', H, W): beyond are zeros.

    bias: (C',), float32, added to what is convolved, of which nothing below zero is left. Gradients pass back to the
    features. Raises ValueError for other numbers of channels.
    """
    out: Tensor = _rectified(features, weight, bias)
    return out


@torch.library.custom_op("impasto::convolved", mutates_args=())
def _convolved(features: Tensor, weight: Tensor) -> Tensor:
    return _computed(features, prepared(weight), weight.shape[1], VALID)


@torch.library.custom_op("impasto::rectified", mutates_args=())
def _rectified(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return _computed(features, prepared(weight), weight.shape[1], SAME, bias=bias.contiguous())


@torch.library.custom_op("impasto::passed_back", mutates_args=())
def _passed_back(gradient: Tensor, weight: Tensor, border: int, passed: Tensor | None) -> Tensor:
    """passed: what a ReLU has left, above zero where gradients pass."""
    if passed is not None:
        passed = passed.contiguous(memory_format=torch.channels_last)
    return _computed(gradient, prepared(weight, back=True), weight.shape[0], border, passed=passed)


@_convolved.register_fake
def _(features: Tensor, weight: Tensor) -> Tensor:
    return _out(features, len(weight), VALID)


@_rectified.register_fake
def _(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return _out(features, len(weight), SAME)


@_passed_back.register_fake
def _(gradient: Tensor, weight: Tensor, border: int, passed: Tensor | None) -> Tensor:
    return _out(gradient, weight.shape[1], border)


def _remember_convolved(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(inputs[1])


def _pass_convolved_back(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return _passed_back(gradient, *ctx.saved_tensors, FULL, None), None


def _remember_rectified(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(inputs[1], output)


def _pass_rectified_back(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    weight, passed = ctx.saved_tensors
    return _passed_back(gradient, weight, SAME, passed), None, None


_convolved.register_autograd(_pass_convolved_back, setup_context=_remember_convolved)
_rectified.register_autograd(_pass_rectified_back, setup_context=_remember_rectified)


@torch.inference_mode(False)  # whose tensors no gradient could pass by later
def _prepare(weight: Tensor) -> Weights:
    loaded = library()
    assert loaded is not None
    blocks = [transformed(block) for block in weight.detach().float().split(BLOCK)]
    if not loaded.multiplies_integers():
        return Weights(torch.cat(blocks), torch.ones(1))
    values, scales = zip(*(quantized(block, LARGEST_OF[weight.shape[1]]) for block in blocks), strict=True)
    return Weights(torch.cat(values), torch.cat(scales))


def _computed(
    features: Tensor,
    weights: Weights,
    channels: int,
    border: int,
    *,
    passed: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """channels: that the weights are for."""
    loaded = library()
    assert loaded is not None
    images, read, height, width = features.shape
    features = features.contiguous(memory_format=torch.channels_last)
    out = _out(features, len(weights.values) * BLOCK, border)
    convolve = loaded.convolve_bfloat16 if features.dtype is torch.bfloat16 else loaded.convolve_float32
    unknown = read != channels or convolve(
        pointer(features),
        pointer(passed),
        (ctypes.c_int64 * 6)(images, height, width, border, read, out.shape[1]),
        pointer(weights.values),
        pointer(weights.scales),
        ctypes.c_float(LARGEST_OF[read] - 1),
        pointer(bias),
        pointer(out),
    )
    if unknown:
        raise ValueError(f"features have {read} channels, and weights are for {channels}")
    return out


def _out(features: Tensor, channels: int, border: int) -> Tensor:
    images, _, height, width = features.shape
    size = images, channels, height + 2 * border - 2, width + 2 * border - 2
    return torch.empty(size, dtype=features.dtype, device=features.device, memory_format=torch.channels_last)
