"""Convolutions by Winograd's algorithm, in a fraction of the multiplications: which, and by what weights.

winograd.cpp says how and has the rest. In float32 only: sums of bfloat16 would lose what they are made for.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

BLOCK = 32
"""Channels that are computed together, and whose weights lie together."""

POINTS = {0: 1 / 4, 1: -1 / 6, -1: -1 / 6, 2: 1 / 24, -2: 1 / 24}
"""Where the polynomials that a convolution multiplies are evaluated, infinity aside -> the scale of the weights there,
with which pixels are multiplied by whole numbers only."""


def suits(weight: Tensor, stride: int) -> bool:
    """Whether winograd.cpp computes this convolution."""
    written, read, *kernel = weight.shape
    in_blocks = written % BLOCK == read % BLOCK == 0
    return in_blocks and kernel in ([3, 3], [2, 2]) and stride == 1 and weight.dtype is torch.float32


def share(weight: Tensor) -> float:
    """Which share of the multiplications is left."""
    size = weight.shape[2]
    return 36 / ((7 - size) * size) ** 2


def transformed(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, k, k) as they are multiplied by, (C_out / BLOCK, 36, C_in, BLOCK)."""
    _, read, size, _ = weight.shape
    sums = evaluations(POINTS, size)
    blocks = weight.double().reshape(-1, BLOCK, read, size * size).permute(0, 3, 2, 1).flatten(2)
    return (torch.kron(sums, sums) @ blocks).float().reshape(-1, 36, read, BLOCK)


def evaluations(points: Mapping[int, float], size: int) -> Tensor:
    """What a column of `size` weights is multiplied by for its values at some points and at infinity, float64."""
    finite = [[scale * point**power for power in range(size)] for point, scale in points.items()]
    return torch.tensor([*finite, [0.0] * (size - 1) + [1.0]], dtype=torch.float64)
