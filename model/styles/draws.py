"""Styles drawn at random out of what a table knows: from within it, or as if it were a sample of all that there are."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.distributions import Dirichlet

from impasto.model.errors import InvalidValue

Draw = Literal["hull", "gaussian"]
"""hull: blends, convex combinations of style vectors. gaussian: normally distributed, with exactly the mean and the
covariance of the style vectors, as P. Jackson et al. draw their embeddings ("Style Augmentation", 2019)."""

LEAST_CONCENTRATION = 0.01
"""Below it a style stands alone in 99 of 100 blends, and soon its numbers are too small for a float64."""


class Draws:
    """What styles are drawn from.

    vectors: (N, E), float32. concentration: how many styles a blend of the hull has, the sum of the Dirichlet
        distribution's parameters, which are equal. Near 0 every blend is a single style; at 1 one has five eighths of
        it and another a fifth, on average; at N every blend is as likely as any other, and most lie near the mean.
    Raises InvalidValue.
    """

    def __init__(self, vectors: Tensor, draw: Draw = "hull", *, concentration: float = 1.0) -> None:
        if draw not in get_args(Draw):
            raise InvalidValue(f"styles are drawn from {' or '.join(get_args(Draw))}, not {draw!r:.30}")
        if not LEAST_CONCENTRATION <= concentration < math.inf:
            raise InvalidValue(f"concentration is a number from {LEAST_CONCENTRATION:g} on, not {concentration!r:.30}")
        if draw == "gaussian" and len(vectors) < 2:
            raise InvalidValue("one style has no covariance; name more, or draw from the hull")
        self._vectors, self._draw, self._concentration = vectors, draw, concentration

    def sample(self, count: int) -> Tensor:
        """Style vectors (count, E), each by itself, by PyTorch's own generator, which `torch.manual_seed` sets.

        Of N styles a Gaussian has N − 1 dimensions: v = m + Σ zᵢ · (vᵢ − m) / √(N − 1), where z are N standard normal
        numbers, has the covariance of the vectors, and no matrix of E × E is made or factorised for it.
        """
        styles = len(self._vectors)
        if self._draw == "gaussian":
            mean = self._vectors.mean(dim=0)
            return mean + torch.randn(count, styles) @ (self._vectors - mean) / math.sqrt(styles - 1)
        parameters = torch.full((styles,), self._concentration / styles, dtype=torch.float64)
        return Dirichlet(parameters).sample((count,)).float() @ self._vectors
