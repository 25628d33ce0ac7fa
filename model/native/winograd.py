"""Weights as Winograd's algorithm multiplies by them; winograd.h has the rest.

Most processors multiply integers of 16 bits faster than floats, and they lose little: each tile of the features has a
scale of its own, and each channel of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 32
"""Channels that are computed together, and whose weights lie together."""

POINTS = {0: 1 / 4, 1: -1 / 6, -1: -1 / 6, 2: 1 / 48, -2: 1 / 48}
"""Where the polynomials that a convolution multiplies are evaluated, infinity aside -> the scale of the weights there,
with which pixels are multiplied by whole numbers only."""

LARGEST = 2**14
"""Above what a tile's integers are, unless it is said otherwise."""


def transformed(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, k, k) as they are multiplied by, (⌈C_out / BLOCK⌉, 36, C_in, BLOCK)."""
    written, read, size, _ = weight.shape
    sums = evaluations(POINTS, size)
    weight = F.pad(weight, (0, 0, 0, 0, 0, 0, 0, -written % BLOCK))
    blocks = weight.double().reshape(-1, BLOCK, read, size * size).permute(0, 3, 2, 1).flatten(2)
    return (torch.kron(sums, sums) @ blocks).float().reshape(-1, 36, read, BLOCK)


def quantized(weights: Tensor, largest: int = LARGEST) -> tuple[Tensor, Tensor]:
    """Transformed weights as integers, and what they are multiples of.

    They are as large as can be: they are multiplied by a tile's, which are below `largest`, and added up in 32 bits.

    (C_out / BLOCK, 36, C_in / 2, BLOCK, 2), of 16 bits, the channels read in pairs, and (C_out / BLOCK, 36, BLOCK).
    """
    read = weights.shape[2]
    sizes = weights.double().abs()
    times = torch.minimum((2**31 // largest - read) / sizes.sum(dim=2), 32767 / sizes.amax(dim=2)).clamp(max=1e30)
    integers = (weights.double() * times[:, :, None]).round().short()
    pairs = integers.unflatten(2, (read // 2, 2)).transpose(3, 4).contiguous()
    return pairs, times.reciprocal().float()


def evaluations(points: Mapping[int, float], size: int) -> Tensor:
    """What a column of `size` weights is multiplied by for its values at some points and at infinity, float64."""
    finite = [[scale * point**power for power in range(size)] for point, scale in points.items()]
    return torch.tensor([*finite, [0.0] * (size - 1) + [1.0]], dtype=torch.float64)
