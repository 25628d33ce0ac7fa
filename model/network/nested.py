"""Convolutions with a large kernel by nested Winograd tiles, from a picture and to one: which, and by what weights.

nested.cpp says how and has the rest. In float32 only, as `impasto.model.network.winograd`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.native.winograd import BLOCK, evaluations
from impasto.model.network.fast_network import strided_weights
from impasto.model.pictures.picture import COLORS

SIDE = 3
"""Of a piece of a kernel, and of the pixels that a tile becomes."""
POINTS = {0: 1 / 2, 1: -1 / 2, -1: -1 / 6, 2: 1 / 6}
"""As those of `impasto.model.native.winograd`."""


def widens(weight: Tensor, stride: int) -> bool:
    """Whether nested.cpp computes this convolution of a picture; of fewer weights it would be none the faster."""
    written, read, *kernel = weight.shape
    from_a_picture = read == COLORS and written % BLOCK == 0
    return from_a_picture and kernel in ([7, 7], [9, 9]) and stride == 1 and weight.dtype is torch.float32


def narrows(weight: Tensor, stride: int) -> bool:
    """Whether nested.cpp computes this convolution to a picture, if it `is_strided`."""
    written, read, *kernel = weight.shape
    to_a_picture = written == 4 * COLORS and read % BLOCK == 0 and kernel in ([6, 6], [8, 8], [10, 10])
    return to_a_picture and stride == 2 and weight.dtype is torch.float32


def is_strided(weight: Tensor) -> bool:
    """Whether weights (12, C, k + 1, k + 1) are those of one pixel for each of four, as `fast_network` has them."""
    return torch.equal(strided_weights(_of_a_pixel(weight)), weight)


def share(weight: Tensor) -> float:
    """Which share of the multiplications is left."""
    own = weight if weight.shape[1] == COLORS else _of_a_pixel(weight)
    pieces = -(-own.shape[2] // SIDE)
    return ((SIDE + 2) * pieces / (SIDE * weight.shape[2])) ** 2


def for_wider(weight: Tensor) -> Tensor:
    """Weights (C, 3, k, k) as they are multiplied by, (25, pieces, 3 · pieces, C)."""
    pieces = _transformed(weight)  # (C, 3, down, across, 25)
    return pieces.permute(4, 2, 3, 1, 0).flatten(2, 3).float().contiguous()


def for_narrower(weight: Tensor) -> Tensor:
    """Weights (12, C, k + 1, k + 1) of four pixels at once -> (25, pieces, 3, pieces · C) of each."""
    pieces = _transformed(_of_a_pixel(weight))
    return pieces.permute(4, 2, 0, 3, 1).flatten(3).float().contiguous()


def _of_a_pixel(weight: Tensor) -> Tensor:
    """The weights (3, C, k, k) of the first of four pixels."""
    return weight[:COLORS, :, :-1, :-1]


def _transformed(weight: Tensor) -> Tensor:
    """A kernel (O, I, k, k) in pieces, each transformed: (O, I, pieces, pieces, 25), float64."""
    lacking = -weight.shape[-1] % SIDE
    pieces = F.pad(weight.double(), (0, lacking, 0, lacking)).unfold(2, SIDE, SIDE).unfold(3, SIDE, SIDE)
    sums = evaluations(POINTS, SIDE)
    return pieces.flatten(4) @ torch.kron(sums, sums).T
