"""Convolutions of a picture by two pixels: which are computed as they are written down, and by what weights.

direct.cpp does it, in float32 only. PyTorch does it as fast, but leaves features in float32, in twice the memory.
"""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.native.winograd import BLOCK
from impasto.model.pictures.picture import COLORS

STRIDE = 2
"""By how many pixels it moves."""


def suits(weight: Tensor, stride: int) -> bool:
    """Whether direct.cpp computes this convolution."""
    written, read, *_ = weight.shape
    return read == COLORS and written % BLOCK == 0 and stride == STRIDE and weight.dtype is torch.float32


def in_order(weight: Tensor) -> Tensor:
    """Weights (C, 3, k, k) as they are read, (k, k, 3, C)."""
    return weight.permute(2, 3, 1, 0).contiguous()
