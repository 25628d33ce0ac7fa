"""How evenly two styles blend: as the weight moves, so should the look, and nothing new should go wrong on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception import artefacts
from impasto.model.perception.objective import Objective
from impasto.model.styles.blend import blend

STEPS = 9
"""Weights of the second style, evenly from 0 to 1."""


@dataclass(frozen=True)
class Blending:
    """What was measured of Q pairs of styles, at STEPS weights each, as means over photos.

    pairs: the rows of both styles of each pair.
    losses: the style loss to the first and to the second style, (Q, STEPS, 2).
    artefacts: how much of each artefact the blends show, {name: (Q, STEPS)}.
    """

    pairs: Sequence[tuple[int, int]]
    losses: Tensor
    artefacts: dict[str, Tensor]

    @property
    def monotony(self) -> Tensor:
        """How evenly each pair's losses follow the weight: the mean of both of Spearman's coefficients, (Q,).

        1: at every step the picture comes nearer to the one style and goes away from the other.
        """
        to_first, to_second = self.losses.unbind(dim=2)
        return (_spearman(to_first) - _spearman(to_second)) / 2

    @property
    def excess(self) -> dict[str, Tensor]:
        """By which factor the worst blend of each pair shows more of each artefact than its worse end, {name: (Q,)}.

        An end counts as at least at the artefact's threshold: what is not seen is not worse.
        """
        result = {}
        for name, values in self.artefacts.items():
            ends = torch.maximum(values[:, 0], values[:, -1]).clamp_min(artefacts.THRESHOLDS[name])
            result[name] = values[:, 1:-1].amax(dim=1) / ends
        return result


def some_pairs(styles: int, count: int) -> list[tuple[int, int]]:
    """At most so many pairs of styles, so that all styles have their turn before any has a second."""
    farthest_first = (
        (min(row, other), max(row, other))
        for offset in range(styles // 2, 0, -1)
        for row in range(styles)
        for other in [(row + offset) % styles]
    )
    return list(dict.fromkeys(farthest_first))[:count]


@torch.inference_mode()
def measure_blends(
    stylizer: Stylizer,
    vectors: Tensor,
    objective: Objective,
    photos: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
    *,
    progress: Iterable[int] | None = None,
) -> Blending:
    """Paint every photo in every blend of every pair and measure.

    vectors: of the styles, (N, E). objective: painting n is that of style n. photos: (3, S, S) in [0, 1] each.
    progress: iterates over range(len(pairs)); tqdm, say.
    """
    losses = torch.zeros(len(pairs), STEPS, 2)
    found: dict[str, Tensor] = {}
    for position in progress or range(len(pairs)):
        pair = list(pairs[position])
        for step in range(STEPS):
            share = step / (STEPS - 1)
            vector = blend(vectors[pair], [1 - share, share])
            painted = torch.cat([stylizer.paint(photo[None], vector[None]) for photo in photos])
            for picture in painted:
                features = objective.loss_network(picture[None].to(objective.scales.device))
                both = objective.style_losses(objective.distances(features))[pair]
                losses[position, step] += both.cpu() / len(photos)
            for name, values in artefacts.measure(painted).items():
                found.setdefault(name, torch.zeros(len(pairs), STEPS))[position, step] = values.mean()
    return Blending(pairs, losses, found)


def _spearman(values: Tensor) -> Tensor:
    """Spearman's rank correlation of each row with its columns' order, (Q, STEPS) -> (Q,)."""
    ranks = values.argsort(dim=1).argsort(dim=1).double()
    order = torch.arange(values.shape[1], dtype=torch.double)
    return torch.stack([torch.corrcoef(torch.stack([order, row]))[0, 1] for row in ranks])
