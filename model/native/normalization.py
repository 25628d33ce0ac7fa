"""Instance normalization on a CPU, and the gradients that pass back through it: normalizations.cpp, called."""

from __future__ import annotations

import ctypes
import logging
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.model.native.building import BUILT, build_all, load_or_warn
from impasto.model.native.passing import pointer

SOURCES = [Path(__file__).with_name("normalizations.cpp")]
MULTIPLE = 32
"""What a number of channels is a multiple of."""
SUFFIXES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


@cache
def library() -> ctypes.CDLL | None:
    """What was built, or None where it cannot be: the log then says why."""
    return load_or_warn(SOURCES, "training takes longer without compiled kernels", logging.INFO)


def build(folder: Path = BUILT) -> list[Path]:
    """For every instruction set of this kind of processor. Raises KernelsUnavailable, OSError."""
    return build_all(SOURCES, folder=folder)


def normalizes(features: Tensor) -> bool:
    """Whether `normalized` does features (B, C, H, W)."""
    known = features.dtype in SUFFIXES and features.shape[1] % MULTIPLE == 0
    return features.device.type == "cpu" and known and library() is not None


def normalized(features: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> Tensor:
    """Features (B, C, H, W) with mean β and deviation γ, (B, C) and float32, in each channel of each image.

    Gradients pass back to all three. Raises ValueError for other shapes of γ or β.
    """
    if not gamma.shape == beta.shape == features.shape[:2]:
        raise ValueError(f"features {tuple(features.shape)} need γ and β for each channel, not {tuple(gamma.shape)}")
    out: Tensor = _normalized(features, gamma, beta, epsilon)[0]
    return out


@torch.library.custom_op("impasto::normalized", mutates_args=())
def _normalized(features: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """What is normalized; and what was found of it, mean and 1 / σ, (2, B, C)."""
    features, gamma, beta = _in_rows(features), gamma.contiguous(), beta.contiguous()
    out, found = torch.empty_like(features), gamma.new_empty(2, *gamma.shape)
    _call("normalize", features)(
        pointer(features),
        _shape(features),
        pointer(gamma),
        pointer(beta),
        ctypes.c_double(epsilon),
        *_pointers(out, found),
    )
    return out, found


@torch.library.custom_op("impasto::normalized_passed_back", mutates_args=())
def _passed_back(gradient: Tensor, features: Tensor, gamma: Tensor, found: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of features, γ and β."""
    gradient, features, gamma = _in_rows(gradient), _in_rows(features), gamma.contiguous()
    out, of_gamma, of_beta = torch.empty_like(features), torch.empty_like(gamma), torch.empty_like(gamma)
    _call("pass_back", features)(
        *_pointers(gradient, features), _shape(features), *_pointers(gamma, found, out, of_gamma, of_beta)
    )
    return out, of_gamma, of_beta


@_normalized.register_fake
def _(features: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    return _empty(features), gamma.new_empty(2, *gamma.shape)


@_passed_back.register_fake
def _(gradient: Tensor, features: Tensor, gamma: Tensor, found: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _empty(features), gamma.new_empty(gamma.shape), gamma.new_empty(gamma.shape)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(*inputs[:2], output[1])


def _pass_back(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return (*_passed_back(gradient, *ctx.saved_tensors), None)


_normalized.register_autograd(_pass_back, setup_context=_remember)


def _call(name: str, features: Tensor) -> Any:
    return getattr(library(), f"{name}_{SUFFIXES[features.dtype]}")


def _in_rows(features: Tensor) -> Tensor:
    return features.contiguous(memory_format=torch.channels_last)


def _empty(features: Tensor) -> Tensor:
    return torch.empty_like(features, memory_format=torch.channels_last)


def _shape(features: Tensor) -> ctypes.Array[ctypes.c_int64]:
    images, channels, height, width = features.shape
    return (ctypes.c_int64 * 3)(images, height * width, channels)


def _pointers(*tensors: Tensor) -> list[ctypes.c_void_p]:
    return [pointer(tensor) for tensor in tensors]
