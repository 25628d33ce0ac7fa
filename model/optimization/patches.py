"""Which patch of a painting each patch of a picture is most like, and what these make when they are put together.

C. Li, M. Wand, "Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis", CVPR 2016, find
it by a convolution whose weights are the painting's patches, each divided by its norm: the greatest of its channels
names the patch. It multiplies each pair of places once for every place of a patch. Here each pair is multiplied once,
and the products are summed along the patches: the same sums, for 3 × 3 places in a ninth of the multiplications.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import torch
from torch import Tensor

from impasto.model.pictures.images import TooSmall

PRODUCTS = 4_000_000
"""Pairs of places that are looked at together, if two rows of them are no more."""
MEMORY = 6 * 4 * PRODUCTS
"""Bytes that looking at them takes: their products, the sums of these, and what comes and goes."""
UNSEEN = 1e-12
"""Norm of a patch that is none."""


class Patches:
    """All patches of maps of features (C, H, W), `side` places a side, numbered map by map and row by row.

    side: at most the shortest side of any map.
    """

    def __init__(self, maps: Sequence[Tensor], side: int = 1) -> None:
        if min(min(each.shape[1:]) for each in maps) < side:
            raise TooSmall(f"a loss network sees less of the painting than a patch of {side} × {side}")
        self._maps, self._side = list(maps), side
        squares = [_sums(_sums(each.square().sum(0), side, (0,)), side, (1,)) for each in maps]
        self._scales = [1 / each.sqrt().clamp_min(UNSEEN) for each in squares]

    def nearest(self, features: Tensor) -> Tensor:
        """(C, H, W) -> (H - side + 1, W - side + 1): the number of the patch that has the greatest cosine with each."""
        more = self._side - 1
        height, width = features.shape[1] - more, features.shape[2] - more
        greatest = features.new_full((height, width), -torch.inf)
        numbers = torch.zeros(height, width, dtype=torch.long, device=features.device)
        first = 0
        for painting, scales in zip(self._maps, self._scales, strict=True):
            rows = int((PRODUCTS / (features.shape[2] * painting.shape[2])) ** 0.5) - more
            for theirs in _bands(len(scales), rows):
                for own in _bands(height, rows):
                    pairs = features[:, own.start : own.stop + more], painting[:, theirs.start : theirs.stop + more]
                    products = torch.tensordot(*pairs, dims=([0], [0]))
                    sums = _sums(_sums(products, self._side, (0, 2)), self._side, (1, 3))
                    likeness, at = (sums * scales[theirs]).flatten(2).max(dim=2)
                    better = likeness > greatest[own]
                    greatest[own] = torch.where(better, likeness, greatest[own])
                    numbers[own] = torch.where(better, first + theirs.start * scales.shape[1] + at, numbers[own])
            first += scales.numel()
        return numbers

    def assembled(self, numbers: Tensor) -> Tensor:
        """Numbers (H, W) -> features (C, H + side - 1, W + side - 1): at each place the mean of the patches over it."""
        height, width = numbers.shape
        size = height + self._side - 1, width + self._side - 1
        total, count = self._maps[0].new_zeros(len(self._maps[0]), *size), self._maps[0].new_zeros(size)
        for down in range(self._side):
            for right in range(self._side):
                there = slice(down, down + height), slice(right, right + width)
                total[:, *there] += self._places(down, right)[:, numbers]
                count[there] += 1
        return total / count

    def _places(self, down: int, right: int) -> Tensor:
        """The features at one place of every patch, (C, number of patches)."""
        cuts = [
            painting[:, down : down + scales.shape[0], right : right + scales.shape[1]].flatten(1)
            for painting, scales in zip(self._maps, self._scales, strict=True)
        ]
        return torch.cat(cuts, dim=1)


def _bands(count: int, rows: int) -> Iterator[slice]:
    """All of `count` rows, so many at a time, at least one."""
    step = max(1, rows)
    for first in range(0, count, step):
        yield slice(first, min(first + step, count))


def _sums(values: Tensor, side: int, dims: tuple[int, ...]) -> Tensor:
    """Sums of `side` values one after the other, along some dimensions at once."""
    parts = (
        reduce(lambda part, dim: part.narrow(dim, by, values.shape[dim] - side + 1), dims, values) for by in range(side)
    )
    return reduce(torch.add, parts)
