"""What patches look like in a few numbers: sketches of two patches never differ more than the patches do.

Projected onto orthonormal directions, vectors come no further apart; onto the principal ones of an exemplar's patches,
nearly as far, for neighbouring pixels are much alike. A patch whose sketch alone differs too much is not looked at
whole, and whatever is near enough is still found, as it is not in the approximate trees of the papers' programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

COARSE, FINE = 8, 32
"""Numbers of a sketch, and of one for those that are near in the first; at most a quarter of a patch's."""
SAMPLE = 512
"""Patches that directions are taken of, about."""
LONGEST = 2.0**11
"""No patch of the integers that match.py compares is a longer vector."""

WeightsAndConstants = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Sketches:
    """S ways to sketch patches of T numbers, each by those that often are all known.

    directions: (S, K, T), orthonormal, the principal ones first; 0 for other numbers. known: (S, M), which of the
    numbers that may be unknown have to be known.
    """

    directions: Tensor
    known: Tensor

    @property
    def error(self) -> float:
        """By how much at most rounding moves one sketch from another, whose numbers are sums of T products in
        float32."""
        return 2 * sqrt(self.directions.shape[1]) * self.directions.shape[2] * LONGEST * 2.0**-24

    def planes(self, along: Tensor) -> Tensor:
        """What is compared of all patches, by what they are along each direction, (S, K, N): that, and the sums of
        their squares, of coarse sketches and of fine ones, (S, K + 2, N)."""
        squares = along.double().square()
        sums = [squares[:, :count].sum(dim=1, keepdim=True).float() for count in (COARSE, None)]
        return torch.cat([along, *sums], dim=1)

    def sought(self, weights: Tensor, known: Tensor) -> tuple[WeightsAndConstants, WeightsAndConstants]:
        """What all planes are multiplied with, (Q, S · (K + 2)), and what is added, (Q,), for differences of coarse
        sketches and of fine ones from those of patches: by the first sketch of which all is known, if there is one.

        weights: (Q, T), -2 times the patches. known: (Q, M), 1 or 0.
        """
        whole = known @ self.known.float().T == self.known.sum(dim=1)
        first = (whole & (whole.cumsum(dim=1) == 1)).float()[..., None]
        along = (weights @ self.directions.flatten(0, 1).T).unflatten(1, self.directions.shape[:2]) * first
        coarse, nothing = along.clone(), torch.zeros_like(first)
        coarse[..., COARSE:] = 0
        return (
            (torch.cat([coarse, first, nothing], dim=2).flatten(1), coarse.square().sum(dim=(1, 2)) / 4),
            (torch.cat([along, nothing, first], dim=2).flatten(1), along.square().sum(dim=(1, 2)) / 4),
        )


def principal(patches: Tensor, count: int) -> Tensor:
    """The so many directions (count, T) along which patches (T, N) differ most."""
    apart = patches.double()
    apart -= apart.mean(dim=1, keepdim=True)
    _, vectors = torch.linalg.eigh(apart.T @ apart)
    directions: Tensor = torch.linalg.qr(apart @ vectors.flip(1)[:, :count])[0]
    return directions.T.float()
