"""Convolutions by Winograd's algorithm, in a fraction of the multiplications: which, and by what weights.

winograd.cpp says how and has the rest. Of float32 only: sums of bfloat16 would lose what they are made for. Integers of
16 bits, which most processors multiply faster, do not: a scale for each tile of the features, which are normalized,
and for each channel of the weights leaves the shipped network's pictures 60 decibels and more from those of float32.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.native.winograd import BLOCK


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
