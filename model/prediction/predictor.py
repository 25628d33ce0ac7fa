"""From a painting's moments to its style vector: two linear maps with a narrow middle.

G. Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", BMVC 2017,
have the same middle of 100 numbers and nothing that bends beside it: few paintings are known, and a straight map goes
on sensibly beyond them. What is predicted is the deviation from the mean of the styles that the network knows, and at
first in the directions in which these differ.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MIDDLE = 100
"""Numbers between the two maps."""
FAINTEST = 0.05
"""Standard deviation below which a moment is taken to be always the same, so that noise in it counts for nothing."""
RIDGE = 0.01
"""Of the regression that finds the start, relative to the sum of the variances of what is known."""


class Predictor(nn.Module):
    """Moments (B, M) -> style vectors (B, E)."""

    mean: Tensor
    scale: Tensor

    def __init__(self, moments: int, style_size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(moments))
        self.register_buffer("scale", torch.ones(moments))
        self.encoder = nn.Linear(moments, MIDDLE)
        self.decoder = nn.Linear(MIDDLE, style_size)

    @classmethod
    def untrained(cls, seen: Tensor, vectors: Tensor) -> Predictor:
        """One that predicts the mean of the known styles, whatever it sees.

        seen: moments (N, M) of many pictures, by which those to come are standardised: to a mean length of 1, so that
            both maps have weights of the same size, and are learned at the same rate.
        vectors: of the known styles, (K, E). Their principal components are the first directions of the second map.
        """
        predictor = cls(seen.shape[1], vectors.shape[1])
        predictor.mean.copy_(seen.mean(dim=0))
        predictor.scale.copy_(1 / (seen.std(dim=0).clamp_min(FAINTEST) * seen.shape[1] ** 0.5))
        components, _ = _principal(vectors)
        with torch.no_grad():
            nn.init.normal_(predictor.encoder.weight, generator=torch.Generator().manual_seed(0))
            predictor.encoder.weight[: len(components)] = 0
            nn.init.zeros_(predictor.encoder.bias)
            nn.init.zeros_(predictor.decoder.weight)
            predictor.decoder.weight[:, : len(components)] = components.T
            predictor.decoder.bias.copy_(vectors.mean(dim=0))
        return predictor

    @torch.no_grad()
    def regress(self, seen: Tensor, rows: Tensor, vectors: Tensor) -> None:
        """Predict, as far as a linear map can, the known vectors (K, E) that it was made with.

        seen: moments (N, M) of pictures of their paintings. rows: whose they are, (N,).
        """
        _, coordinates = _principal(vectors)
        known = self.standardised(seen).double()
        wanted = coordinates[rows].double()
        center, offset = known.mean(dim=0), wanted.mean(dim=0)
        products = (known - center) @ (known - center).T
        ridge = RIDGE * products.trace() * torch.eye(len(known), dtype=torch.float64)
        weights = torch.linalg.solve(products + ridge, wanted - offset).T @ (known - center)
        self.encoder.weight[: len(weights)] = weights.float()
        self.encoder.bias[: len(weights)] = (offset - weights @ center).float()

    @property
    def mean_style(self) -> Tensor:
        """What is predicted where nothing is told from the mean, (E,)."""
        return self.decoder.bias

    def standardised(self, seen: Tensor) -> Tensor:
        """Moments (B, M), as they enter the first map."""
        return (seen - self.mean) * self.scale

    def forward(self, seen: Tensor) -> Tensor:
        vectors: Tensor = self.decoder(self.encoder(self.standardised(seen)))
        return vectors


def _principal(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Directions (P, E) in which vectors (K, E) differ, as long as they do, and coordinates (K, P) of variance 1."""
    rank = min(len(vectors) - 1, MIDDLE)
    coordinates, lengths, directions = torch.linalg.svd(vectors - vectors.mean(dim=0), full_matrices=False)
    size = len(vectors) ** 0.5
    return directions[:rank] * lengths[:rank, None] / size, coordinates[:, :rank] * size
