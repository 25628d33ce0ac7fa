"""Blends: convex combinations of style vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue

MOST_BLENDED = 8
"""Styles in one blend; more can hardly be told apart."""

WEIGHT_TOLERANCE = 1e-3


class InvalidWeights(InvalidValue):
    """The weights are no convex combination."""


def convex(weights: Sequence[float]) -> list[float]:
    """Check weights and normalize them exactly: finite, at least 0, sum 1 ± 0.001.

    Raises InvalidWeights, naming the fault.
    """
    if not weights:
        raise InvalidWeights("a blend needs at least one weight")
    for position, weight in enumerate(weights, start=1):
        if not math.isfinite(weight):
            raise InvalidWeights(f"weight {position} is {weight}, not a finite number")
        if weight < 0:
            raise InvalidWeights(f"weight {position} is {weight:g}; weights are at least 0")
    total = sum(weights)  # of huge weights: inf, where fsum would raise
    if abs(round(total - 1, 9)) > WEIGHT_TOLERANCE:  # 0.334 + 0.667 is a little more than 1.001
        raise InvalidWeights(f"the weights sum to {total:g}; they must sum to 1 (± {WEIGHT_TOLERANCE:g})")
    return [weight / total for weight in weights]


def blend(vectors: Sequence[Tensor] | Tensor, weights: Sequence[float]) -> Tensor:
    """The convex combination Σ wᵢ·vᵢ of N style vectors (E,).

    Raises InvalidWeights when the weights are no convex combination of N vectors.
    """
    if len(weights) != len(vectors):
        raise InvalidWeights(f"{len(weights)} weights for {len(vectors)} styles")
    mixed: Tensor = reduce(
        torch.add, (weight * vector for weight, vector in zip(convex(weights), vectors, strict=True))
    )
    return mixed
