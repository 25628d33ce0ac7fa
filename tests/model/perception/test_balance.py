"""Which styles are applied more strongly, which less, and when."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from impasto.model.perception.balance import Balance
from impasto.model.perception.config import BalanceConfig
from impasto.model.perception.objective import Losses

CONFIG = BalanceConfig(remaining=0.2, distance=0.75, content_error=1.0, rate=0.5, pictures=4, largest=8)
NEAR, FAR = 1.0, 20.0
"""Distances of the untouched photos: a fifth of NEAR is 0.2, of FAR more than 0.75."""


def measured(distance: float, content_error: float, count: int = 1) -> Losses:
    some = torch.ones(count)
    return Losses(some, some, some, content_error * some, distance * some)


def after(*seen: tuple[float, float], photos: float = NEAR, config: BalanceConfig = CONFIG) -> float:
    """Strength of a style whose pictures had these distances and content errors, one after the other."""
    balance = Balance(config, torch.tensor([photos]))
    for distance, content_error in seen:
        balance.update(measured(distance, content_error), torch.tensor([0]))
    return balance.strengths.item()


def test_a_style_too_far_from_its_painting_is_applied_more_strongly() -> None:
    assert after(*[(0.3, 0.5)] * 4) == pytest.approx(math.sqrt(0.3 / 0.2))


def test_a_style_nearer_than_needed_is_applied_less_strongly() -> None:
    assert after(*[(0.1, 0.5)] * 4) == pytest.approx(math.sqrt(0.1 / 0.2))


def test_a_style_that_loses_the_photo_is_applied_less_strongly_however_far_it_is() -> None:
    assert after(*[(3.0, 1.5)] * 4) == pytest.approx(math.sqrt(1 / 1.5))


def test_a_style_is_applied_more_strongly_only_as_far_as_the_photo_bears_it() -> None:
    assert after(*[(3.0, 0.9)] * 4) == pytest.approx(math.sqrt(1 / 0.9))


def test_a_painting_far_from_all_photos_must_be_as_near_as_others() -> None:
    assert after(*[(0.75, 0.5)] * 4, photos=FAR) == pytest.approx(1)


def test_nothing_changes_before_enough_pictures_were_seen() -> None:
    assert after(*[(0.8, 0.2)] * 3) == 1
    assert after(*[(0.8, 0.2)] * 7) == after(*[(0.8, 0.2)] * 4) != 1


def test_what_counts_is_the_mean() -> None:
    assert after((0.1, 0.2), (0.3, 0.4), (0.1, 0.2), (0.3, 0.4)) == pytest.approx(1)


@pytest.mark.parametrize(("distance", "limit"), [(100.0, 8), (1e-4, 1 / 8)])
def test_strengths_stay_within_a_factor_of_equal_ones(distance: float, limit: float) -> None:
    assert after(*[(distance, 1e-3)] * 40) == pytest.approx(limit)


def test_at_rate_zero_all_stay_equal() -> None:
    assert after(*[(3.0, 0.1)] * 40, config=BalanceConfig(rate=0)) == 1


def test_styles_of_one_batch_are_told_apart() -> None:
    balance = Balance(CONFIG, torch.full((3,), NEAR))
    rows = torch.tensor([2] * 4 + [0] * 4)
    balance.update(replace(measured(0.3, 0.5, count=8), style_distance=torch.tensor([0.3] * 4 + [0.1] * 4)), rows)
    expected = torch.tensor([math.sqrt(0.5), 1, math.sqrt(1.5)])
    torch.testing.assert_close(balance.strengths, expected)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_losses_that_are_not_finite_do_not_count(wrong: float) -> None:
    seen = [(0.3, 0.5), (wrong, 0.5), (0.3, 0.5), (0.3, wrong), (0.3, 0.5)]
    assert after(*seen) == 1
    assert after(*seen, (0.3, 0.5)) == pytest.approx(math.sqrt(1.5))


def test_measurements_survive_in_the_state() -> None:
    first = Balance(CONFIG, torch.tensor([NEAR]))
    first.update(measured(0.3, 0.5, count=3), torch.zeros(3, dtype=torch.long))
    second = Balance(CONFIG, torch.tensor([NEAR]))
    second.load_state_dict(first.state_dict())
    second.update(measured(0.3, 0.5), torch.tensor([0]))
    assert second.strengths.item() == pytest.approx(math.sqrt(1.5))


@pytest.mark.parametrize(
    "wrong", [{"remaining": 0}, {"distance": -1}, {"content_error": 0}, {"pictures": 0}, {"largest": 0.5}]
)
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^balance: "):
        BalanceConfig(**wrong)
