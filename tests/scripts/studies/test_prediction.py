"""The guesses that the study of predictions compares with."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.objective import Objective
from impasto.scripts.studies.prediction import best_blend, products


def test_the_best_blend_is_the_one_that_a_gram_matrix_is_made_of() -> None:
    known = torch.randn(4, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    made = torch.tensor([0.5, 0.0, 0.2, 0.3], dtype=torch.float64) @ known
    every = torch.cat([made[None], known])
    found = best_blend(every @ every.T)
    torch.testing.assert_close(found, torch.tensor([0.5, 0.0, 0.2, 0.3]), rtol=0, atol=0.02)


def test_products_tell_the_distance_of_a_painting_from_each_known_one(vgg_weights: dict[str, Tensor]) -> None:
    pictures = (
        torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) ** torch.arange(1, 5)[:, None, None, None]
    )
    objective = Objective(ObjectiveConfig(), pictures, vgg_weights)
    apart = products(objective, 1, 2)
    distances = apart[0, 0] + apart.diagonal()[1:] - 2 * apart[0, 1:]
    expected = Objective(ObjectiveConfig(), pictures[1:2], vgg_weights)
    of_known = [expected.distances(expected.loss_network(each[None])).sum() for each in pictures[2:]]
    torch.testing.assert_close(distances.float(), torch.stack(of_known), rtol=1e-3, atol=1e-4)
