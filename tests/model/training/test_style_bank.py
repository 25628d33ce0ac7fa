"""What is kept of the pictures whose styles are learned."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.objective import Objective
from impasto.model.prediction.moments import moments
from impasto.model.training.style_bank import StyleBank

PICTURES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def objective(vgg_weights: dict[str, Tensor]) -> Objective:
    return Objective(ObjectiveConfig(), [], vgg_weights)


@pytest.fixture(scope="module")
def bank(objective: Objective) -> StyleBank:
    return StyleBank.of(PICTURES, 3, objective, bfloat16=False)


def test_each_picture_has_its_moments_and_its_gram_matrices(bank: StyleBank, objective: Objective) -> None:
    features = objective.loss_network(PICTURES)
    torch.testing.assert_close(bank.moments, moments(features, objective.config.style_layers), rtol=1e-4, atol=1e-4)
    for layer, grams in objective.measured(features).items():
        assert bank.grams[layer].dtype == torch.bfloat16
        torch.testing.assert_close(bank.grams[layer].float(), grams, rtol=1e-2, atol=1e-2 * float(grams.max()))


def test_an_objective_aims_at_them_as_at_paintings(
    bank: StyleBank, objective: Objective, vgg_weights: dict[str, Tensor]
) -> None:
    objective.aim(bank.grams)
    painted, photos = torch.rand(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    rows = torch.tensor([2, 0])
    exact = Objective(ObjectiveConfig(), PICTURES, vgg_weights)
    found, expected = objective(painted, photos, rows), exact(painted, photos, rows)
    torch.testing.assert_close(found.total, expected.total, rtol=1e-2, atol=0)
    torch.testing.assert_close(found.style_distance, expected.style_distance, rtol=1e-2, atol=0)


def test_what_was_saved_is_used_again_for_the_same_pictures_only(bank: StyleBank, tmp_path: Path) -> None:
    bank.save(tmp_path / "bank.safetensors", {"seed": 0})
    again = StyleBank.load(tmp_path / "bank.safetensors", {"seed": 0})
    assert again is not None
    assert torch.equal(again.moments, bank.moments)
    assert all(torch.equal(again.grams[layer], grams) for layer, grams in bank.grams.items())
    assert StyleBank.load(tmp_path / "bank.safetensors", {"seed": 1}) is None
    assert StyleBank.load(tmp_path / "none.safetensors", {"seed": 0}) is None
