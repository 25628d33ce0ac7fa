from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.styles.draws import Draw, Draws


@pytest.fixture
def vectors() -> Tensor:
    """Four styles of seven numbers."""
    return torch.randn(4, 7, generator=torch.Generator().manual_seed(0))


def sampled(draws: Draws, count: int, seed: int = 0) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return draws.sample(count)


def test_the_hull_has_convex_combinations_and_nothing_else(vectors: Tensor) -> None:
    drawn = sampled(Draws(vectors, concentration=2.0), 200)
    weights = torch.linalg.lstsq(vectors.T, drawn.T).solution
    torch.testing.assert_close(weights.sum(0), torch.ones(200), rtol=0, atol=1e-4)
    assert float(weights.min()) > -1e-4
    torch.testing.assert_close(weights.T @ vectors, drawn, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("concentration", "least", "most"), [(0.01, 0.95, 1.0), (1.0, 0.6, 0.8), (400, 0.25, 0.32)])
def test_concentration_says_how_many_styles_a_blend_has(
    vectors: Tensor, concentration: float, least: float, most: float
) -> None:
    drawn = sampled(Draws(vectors, concentration=concentration), 500)
    largest = torch.linalg.lstsq(vectors.T, drawn.T).solution.max(0).values.mean()
    assert least <= float(largest) <= most


def test_the_gaussian_has_the_mean_and_the_covariance_of_the_styles(vectors: Tensor) -> None:
    drawn = sampled(Draws(vectors, "gaussian"), 200_000)
    torch.testing.assert_close(drawn.mean(0), vectors.mean(0), rtol=0, atol=0.02)
    torch.testing.assert_close(drawn.T.cov(), vectors.T.cov(), rtol=0, atol=0.03)


def test_the_gaussian_stays_where_the_styles_are(vectors: Tensor) -> None:
    drawn = sampled(Draws(vectors, "gaussian"), 50) - vectors.mean(0)
    assert int(torch.linalg.matrix_rank(drawn)) == len(vectors) - 1
    assert int(torch.linalg.matrix_rank(torch.cat([drawn, vectors - vectors.mean(0)]))) == len(vectors) - 1


@pytest.mark.parametrize("draw", ["hull", "gaussian"])
def test_a_seed_repeats_what_is_drawn(vectors: Tensor, draw: Draw) -> None:
    draws = Draws(vectors, draw)
    assert torch.equal(sampled(draws, 5, seed=3), sampled(draws, 5, seed=3))
    assert not torch.equal(sampled(draws, 5, seed=3), sampled(draws, 5, seed=4))
    assert sampled(draws, 0).shape == (0, 7)


def test_what_cannot_be_drawn_from_is_refused(vectors: Tensor) -> None:
    with pytest.raises(InvalidValue, match="from hull or gaussian, not 'normal'"):
        Draws(vectors, "normal")  # type: ignore[arg-type]
    for concentration in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidValue, match=r"concentration is a number from 0\.01 on"):
            Draws(vectors, concentration=concentration)
    with pytest.raises(InvalidValue, match="one style has no covariance"):
        Draws(vectors[:1], "gaussian")
