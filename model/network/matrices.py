"""Convolutions in bfloat16 by units for matrices: which, and by what weights. matrices.cpp has the rest."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.pictures.picture import COLORS

DEPTH = 32
"""Values in a row of a matrix."""
COLUMNS = 16
"""Of a matrix of weights: the channels written that are computed together."""


def suits(weight: Tensor, stride: int) -> bool:
    """Whether matrices.cpp computes this convolution: of features, or of a picture; to features, or to a picture."""
    written, read, size, _ = weight.shape
    from_a_picture = read == COLORS and size * COLORS <= DEPTH
    there = (read % DEPTH == 0 or from_a_picture) and (written % DEPTH == 0 or written <= COLUMNS)
    return there and stride in (1, 2) and weight.dtype is torch.bfloat16


def in_order(weight: Tensor) -> Tensor:
    """Weights (C', C, k, k) as they are multiplied by, (slices, ⌈C' / 16⌉, k, depth / 32, 16, 16, 2).

    depth: values of a kernel's row, pixel by pixel, in a multiple of 32, of a slice of 64 of the channels read, or 32.
    Of a picture there are two slices, of the same: for what it is in bfloat16, and for what that leaves.
    """
    read = weight.shape[1]
    slices = weight.permute(2, 3, 1, 0).unflatten(2, (-1, read if read == COLORS else 32 if read % 64 else 64))
    rows = slices.permute(2, 0, 1, 3, 4).flatten(2, 3)  # slices, k, k · C, C'
    rows = F.pad(rows, (0, -rows.shape[3] % COLUMNS, 0, -rows.shape[2] % DEPTH))
    if read == COLORS:
        rows = rows.repeat(2, 1, 1, 1)
    # (slices, k, depth / 32, 16, 2, ⌈C' / 16⌉, 16)
    matrices: Tensor = rows.unflatten(3, (-1, COLUMNS)).unflatten(2, (-1, DEPTH // 2, 2))
    return matrices.permute(0, 5, 1, 2, 3, 6, 4).contiguous()
