"""What patches look like in a few numbers: sketches of two patches never differ more than the patches do.

Projected onto orthonormal directions, vectors come no further apart; onto the principal ones of an exemplar's patches,
nearly as far, for neighbouring pixels are much alike. A patch whose sketch alone differs too much is not looked at
whole, and whatever is near enough is still found, as it is not in the approximate trees of the papers' programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import torch
from torch import Tensor

FEWEST, MOST = 8, 32
"""Numbers of a sketch, if a patch has four times as many: the larger patches are, the more is a better one worth."""
SHARE = 40
"""Of so many numbers of a patch a sketch has one, within these bounds."""
SAMPLE = 512
"""Patches that directions are taken of, about."""
LONGEST = 2.0**14.5
"""No patch of the integers that match.py compares, times the roots of their weights, is a longer vector."""


@dataclass(frozen=True)
class Sketches:
    """S ways to sketch patches of T numbers, each by those that often are all known. All is in float32.

    directions: (S, K, T), orthonormal; 0 for other numbers.
    roots: (T,), of what squares count: patches times these differ as much in plain squares.
    known: (S, M), which of the numbers that may be unknown have to be known.
    """

    directions: Tensor
    roots: Tensor
    known: Tensor

    @property
    def error(self) -> float:
        """By how much at most rounding moves one sketch from another, whose numbers are sums of T products in
        float32."""
        return 2 * sqrt(self.directions.shape[1]) * (self.directions.shape[2] + 2) * LONGEST * 2.0**-24

    @property
    def onto(self) -> Tensor:
        """What patches are multiplied with, (S, K, T)."""
        return self.directions * self.roots

    @cached_property
    def _across(self) -> Tensor:
        """What patches are multiplied with if each number is already multiplied with what its square counts."""
        return (self.directions / self.roots.where(self.roots > 0, 1)).flatten(0, 1).T

    def planes(self, along: Tensor) -> Tensor:
        """What is compared of all patches, by what they are along each direction, (S, K, N): that, and the sum of
        their squares, (S, K + 1, N), float32."""
        squares = along.double().square().sum(dim=1, keepdim=True)
        return torch.cat([along, squares.float()], dim=1)

    def sought(self, weights: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """What all planes are multiplied with, (Q, S · (K + 1)), and what is added, (Q,), for differences of sketches
        from those of patches: by the first sketch of which all is known, if there is one.

        weights: (Q, T), -2 times the patches, times what squares count. known: (Q, M), 1 or 0.
        """
        whole = known @ self.known.float().T == self.known.sum(dim=1)
        first = (whole & (whole.cumsum(dim=1) == 1)).float()[..., None]
        along = (weights @ self._across).unflatten(1, self.directions.shape[:2]) * first
        return torch.cat([along, first], dim=2).flatten(1), along.square().sum(dim=(1, 2)) / 4


def size(numbers: int) -> int:
    """Of the sketch of a patch of so many."""
    return min(numbers // 4, max(FEWEST, min(MOST, numbers // SHARE)))


def principal(patches: Tensor, count: int) -> Tensor:
    """The so many directions (count, T) along which patches (T, N) differ most."""
    apart = patches.double()
    apart = apart - apart.mean(dim=1, keepdim=True)
    _, vectors = torch.linalg.eigh(apart.T @ apart)
    directions: Tensor = torch.linalg.qr(apart @ vectors.flip(1)[:, :count])[0]
    return directions.T.float()
