"""A 3 × 3 convolution by a quarter of the multiplications, Winograd's: its weights. winograd.cpp has the rest.

In float32 only: the sums it multiplies are larger than the pixels, and bfloat16 would not hold them.
"""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 32
"""Channels that are computed together, for which the weights lie together."""

SUMS = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]
"""24 times Winograd's G for F(4, 3): sums of three weights, for the sums of six pixels that they are multiplied by."""


def suits(weight: Tensor, stride: int) -> bool:
    """Whether winograd.cpp computes this convolution."""
    channels = len(weight)
    shape = (channels, channels, 3, 3)
    return stride == 1 and weight.dtype is torch.float32 and tuple(weight.shape) == shape and channels % BLOCK == 0


def transformed(weight: Tensor) -> Tensor:
    """Weights (C, C, 3, 3) as they are multiplied by, (C / BLOCK, 36, C, BLOCK): what is written comes in blocks."""
    sums = torch.tensor(SUMS, dtype=torch.float64) / 24
    products: Tensor = torch.einsum("yr,xk,oirk->yxio", sums, sums, weight.double())
    return products.flatten(0, 1).unflatten(2, (-1, BLOCK)).movedim(2, 0).float().contiguous()
