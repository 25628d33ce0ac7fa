"""The map from moments to style vectors, and what it knows before it is trained."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.prediction.predictor import MIDDLE, Predictor

MOMENTS, SIZE, STYLES = 60, 40, 5


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def vectors() -> Tensor:
    return 3 + drawn(STYLES, SIZE, seed=0)


@pytest.fixture
def rows() -> Tensor:
    """Whose each of 50 pictures is."""
    return torch.arange(STYLES).repeat(10)


@pytest.fixture
def seen(rows: Tensor) -> Tensor:
    """Moments of these pictures: each near its painting's own."""
    return 100 + 20 * drawn(STYLES, MOMENTS, seed=1)[rows] + drawn(len(rows), MOMENTS, seed=2)


def test_an_untrained_predictor_predicts_the_mean_vector_whatever_it_sees(seen: Tensor, vectors: Tensor) -> None:
    predicted = Predictor.untrained(seen, vectors)(torch.cat([seen, 5 * seen]))
    torch.testing.assert_close(predicted, vectors.mean(dim=0).expand_as(predicted))


def test_moments_enter_it_with_the_mean_0_and_a_length_of_1(seen: Tensor, vectors: Tensor) -> None:
    entering = Predictor.untrained(seen, vectors).standardised(seen)
    assert entering.mean(dim=0).abs().max() < 1e-5
    assert float(entering.square().sum(dim=1).mean()) == pytest.approx(1, abs=0.05)


def test_a_moment_that_never_changed_counts_for_little_when_it_does(seen: Tensor, vectors: Tensor) -> None:
    seen[:, 0] = 7
    predictor = Predictor.untrained(seen, vectors)
    predictor.regress(seen, torch.arange(STYLES).repeat(10), vectors)
    before = predictor(seen)
    seen[:, 0] = 8
    torch.testing.assert_close(predictor(seen), before)


def test_by_regression_it_knows_the_paintings_of_the_known_styles(seen: Tensor, rows: Tensor, vectors: Tensor) -> None:
    predictor = Predictor.untrained(seen, vectors)
    predictor.regress(seen, rows, vectors)
    errors = (predictor(seen) - vectors[rows]).norm(dim=1)
    assert errors.max() < 0.3 * (vectors - vectors.mean(dim=0)).norm(dim=1).min()


def test_what_it_has_not_seen_lies_between_those_it_knows(seen: Tensor, rows: Tensor, vectors: Tensor) -> None:
    predictor = Predictor.untrained(seen, vectors)
    predictor.regress(seen, rows, vectors)
    one, other = predictor(seen[:2])
    torch.testing.assert_close(predictor(seen[:2].mean(dim=0, keepdim=True))[0], (one + other) / 2)


def test_directions_beyond_the_known_ones_can_be_learned(seen: Tensor, vectors: Tensor) -> None:
    """Their part of the second map is 0 at first, and that of the first is not, so that it is learned."""
    predictor = Predictor.untrained(seen, vectors)
    predictor(seen).square().sum().backward()
    assert predictor.decoder.weight.grad is not None
    assert predictor.decoder.weight.grad[:, STYLES - 1 :].abs().min() > 0


def test_it_has_half_a_million_weights_for_the_shipped_network() -> None:
    weights = sum(weight.numel() for weight in Predictor(1920, 3206).parameters())
    assert weights == 1921 * MIDDLE + (MIDDLE + 1) * 3206 < 520_000
