"""Descents end where they should, when they should, and say so when they cannot."""

from __future__ import annotations

import math
from itertools import count, pairwise
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from impasto.model.optimization import descent
from impasto.model.optimization.config import Optimizer, Stop
from impasto.model.optimization.descent import SETTLED_OVER, Diverged, descend

OPTIMIZERS: list[Optimizer] = ["lbfgs", "adam", "gradient"]
START = torch.full((1, 3, 8, 8), 0.5)


def target() -> Tensor:
    return torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def distance(image: Tensor) -> dict[str, Tensor]:
    """Twice as steep down as across."""
    error = (image - target()).square()
    return {"upper": error[:, :, :4].mean(), "lower": 4 * error[:, :, 4:].mean()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_comes_near_the_minimum(optimizer: Optimizer) -> None:
    *_, last = descend(distance, START, optimizer=optimizer, stop=Stop(steps=80))
    assert last.step == 80
    assert (last.variable - target()).abs().mean() < 0.02
    assert last.total == pytest.approx(sum(last.losses.values()))
    assert list(last.losses) == ["upper", "lower"]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_pyramid_of_the_image_can_be_changed_in_place_of_its_pixels(optimizer: Optimizer) -> None:
    start, shape = torch.full((1, 3, 32, 32), 0.5), torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    steps = list(
        descend(
            lambda image: {"error": (image - shape).square().mean()},
            start,
            optimizer=optimizer,
            pyramid=True,
            stop=Stop(steps=80),
        )
    )
    assert torch.equal(start, torch.full((1, 3, 32, 32), 0.5))
    assert (steps[-1].variable - shape).abs().mean() < 0.02


def test_lbfgs_is_exact_where_the_objective_is_a_parabola() -> None:
    *_, last = descend(distance, START, stop=Stop(steps=25))
    assert last.total < 1e-6


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_image_that_it_begins_with_stays_as_it_is(optimizer: Optimizer) -> None:
    start = START.clone()
    list(descend(distance, start, optimizer=optimizer, stop=Stop(steps=3)))
    assert torch.equal(start, START)


def test_every_step_is_told_and_the_best_image_kept() -> None:
    seen = list(descend(distance, START, optimizer="adam", rate=0.3, stop=Stop(steps=30)))  # overshoots
    assert [progress.step for progress in seen] == list(range(1, 31))
    assert any(later.total > earlier.total for earlier, later in pairwise(seen))
    best = min(seen, key=lambda progress: progress.total)
    assert torch.stack(list(distance(seen[-1].variable).values())).sum().item() == pytest.approx(best.total, rel=1e-5)


def test_a_picture_is_bounded_though_its_image_is_not() -> None:
    *_, last = descend(lambda image: {"far": (image - 3).square().mean()}, START, stop=Stop(steps=20))
    assert last.variable.max() > 2
    assert last.picture.shape == (3, 8, 8)
    assert last.picture.max() == 1


def test_it_stops_when_the_loss_has_settled() -> None:
    seen = list(descend(lambda image: {"flat": 1 + distance(image)["upper"]}, START, stop=Stop(400, settled=0.01)))
    assert SETTLED_OVER < len(seen) < 60


def test_it_stops_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    # The module's clock alone: other threads of this process look at the real one.
    monkeypatch.setattr(descent, "time", SimpleNamespace(monotonic=count().__next__))
    assert len(list(descend(distance, START, stop=Stop(steps=400, seconds=7)))) == 7


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_step_is_one_move(optimizer: Optimizer) -> None:
    (only,) = descend(distance, START, optimizer=optimizer, stop=Stop(steps=1))
    assert only.step == 1
    assert not torch.equal(only.variable, START)
    assert only.total == pytest.approx(float(sum(distance(only.variable).values())), rel=1e-5)
    assert only.total < float(sum(distance(START).values()))


def test_the_plain_gradient_stays_in_range() -> None:
    *_, last = descend(lambda image: {"far": (image - 3).square().mean()}, START, optimizer="gradient", rate=0.1)
    assert last.variable.max() == 1 and last.variable.min() >= 0


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"seconds": 0}, {"settled": -1}])
def test_a_stop_that_never_comes_or_at_once_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="steps are at least 1, seconds and settled above 0"):
        Stop(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_loss_that_breaks_once_is_overcome_from_the_best_image(broken: float) -> None:
    calls = 0

    def sometimes(image: Tensor) -> dict[str, Tensor]:
        nonlocal calls
        calls += 1
        return {"error": (image - target()).square().mean() * (broken if calls == 5 else 1)}

    seen = list(descend(sometimes, START, stop=Stop(steps=30)))
    assert [progress.safer for progress in seen] == [False] * 3 + [True] * 27
    assert [progress.step for progress in seen] == list(range(1, 31))
    assert seen[-1].total < 1e-3


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_loss_that_stays_broken_is_reported_with_what_to_do(optimizer: Optimizer) -> None:
    with pytest.raises(Diverged, match=r"became nan at step 0, .* lower rate .* lower weights"):
        list(descend(lambda image: {"error": image.sum() * math.nan}, START, optimizer=optimizer))


def test_steps_that_are_far_too_large_are_retried_with_a_line_search() -> None:
    seen = list(descend(distance, START, rate=30, stop=Stop(steps=40)))
    assert seen[-1].safer
    assert seen[-1].total < 0.01 * seen[0].total
