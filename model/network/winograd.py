"""Convolutions by Winograd's algorithm, in a fraction of the multiplications: which, and by what weights.

winograd.cpp says how and has the rest. Of float32 only: sums of bfloat16 would lose what they are made for. Integers of
16 bits, which most processors multiply faster, do not: a scale for each tile of the features, which are normalized,
and for each channel of the weights leaves the shipped network's pictures 60 decibels and more from those of float32.
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

LIMIT = 2**31 // 2**14
"""Above what the sizes of a channel's integers add up to: winograd.cpp multiplies them by others below 2¹⁴, and adds up
in 32 bits."""


def suits(weight: Tensor, stride: int) -> bool:
    """Whether winograd.cpp computes this convolution: between features, or one of 4 × 4 to a picture."""
    written, read, *kernel = weight.shape
    between = written % BLOCK == 0 and (*kernel, stride) in ((3, 3, 1), (2, 2, 1), (3, 3, 2))
    there = between or (written < BLOCK and (*kernel, stride) == (4, 4, 1))
    return there and read % BLOCK == 0 and weight.dtype is torch.float32


def share(weight: Tensor, stride: int) -> float:
    """Which share of the multiplications is left."""
    size = weight.shape[2]
    if stride == 2:
        return 4 * 36 / (5 * size) ** 2
    return 36 / ((7 - size) * size) ** 2


def two_by_two(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, 3, 3) of a stride of two -> (C_out, 4 · C_in, 2, 2) of none, for pixels two by two."""
    written, read, _, _ = weight.shape
    by_place = F.pad(weight, (0, 1, 0, 1)).reshape(written, read, 2, 2, 2, 2)  # rows by two, columns by two
    return by_place.permute(0, 3, 5, 1, 2, 4).reshape(written, 4 * read, 2, 2)


def transformed(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, k, k) as they are multiplied by, (⌈C_out / BLOCK⌉, 36, C_in, BLOCK)."""
    written, read, size, _ = weight.shape
    sums = evaluations(POINTS, size)
    weight = F.pad(weight, (0, 0, 0, 0, 0, 0, 0, -written % BLOCK))
    blocks = weight.double().reshape(-1, BLOCK, read, size * size).permute(0, 3, 2, 1).flatten(2)
    return (torch.kron(sums, sums) @ blocks).float().reshape(-1, 36, read, BLOCK)


def quantized(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Transformed weights as integers, and what they are multiples of, as large as `LIMIT` allows.

    (C_out / BLOCK, 36, C_in / 2, BLOCK, 2), of 16 bits, the channels read in pairs, and (C_out / BLOCK, 36, BLOCK).
    """
    read = weights.shape[2]
    sizes = weights.double().abs()
    times = torch.minimum((LIMIT - read) / sizes.sum(dim=2), 32767 / sizes.amax(dim=2)).clamp(max=1e30)
    integers = (weights.double() * times[:, :, None]).round().short()
    pairs = integers.unflatten(2, (read // 2, 2)).transpose(3, 4).contiguous()
    return pairs, times.reciprocal().float()


def evaluations(points: Mapping[int, float], size: int) -> Tensor:
    """What a column of `size` weights is multiplied by for its values at some points and at infinity, float64."""
    finite = [[scale * point**power for power in range(size)] for point, scale in points.items()]
    return torch.tensor([*finite, [0.0] * (size - 1) + [1.0]], dtype=torch.float64)
