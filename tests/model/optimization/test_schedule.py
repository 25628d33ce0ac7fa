"""From coarse to fine: which sizes, how many steps at each, and how one goes on from the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.optimization.config import Stop
from impasto.model.optimization.descent import DescentStep, LossFunction
from impasto.model.optimization.schedule import (
    Size,
    Stage,
    fitting_count,
    noise,
    octaves,
    refine,
    stages,
    steps_left,
)


def towards(shade: float) -> LossFunction:
    return lambda image: {"error": (image - shade).square().mean()}


def test_each_size_is_so_many_times_the_one_before_and_the_last_is_full() -> None:
    assert octaves((400, 600), 3) == [(100, 150), (200, 300), (400, 600)]
    assert octaves((400, 600), 2, ratio=1.5) == [(267, 400), (400, 600)]
    assert octaves((400, 600), 1) == [(400, 600)]


def test_sizes_of_nothing_are_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"5 sizes up to 600 × 400 .* at 38 × 25, .* at least 32; choose fewer"):
        octaves((400, 600), 5)
    for count, ratio in ((0, 2.0), (2, 1.0)):
        with pytest.raises(ValueError, match="at least one size"):
            octaves((400, 600), count, ratio=ratio)


@pytest.mark.parametrize(("longest", "count"), [(64, 1), (767, 1), (768, 2), (1535, 2), (1536, 3)])
def test_as_many_sizes_fit_as_begin_above_the_coarsest(longest: int, count: int) -> None:
    assert fitting_count((longest, longest), coarsest=384) == count


def test_finer_sizes_have_fewer_steps_and_time_as_they_cost() -> None:
    plan = stages([(50, 50), (100, 100), (200, 200)], Stop(steps=200, seconds=70))
    assert [stage.stop.steps for stage in plan] == [200, 100, 50]
    assert [stage.stop.seconds for stage in plan] == pytest.approx([10, 20, 40])
    assert [stage.stop.steps for stage in stages([(50, 50), (100, 100)], Stop(steps=1))] == [1, 1]


def test_what_is_left_is_counted_in_steps_of_the_size_at_hand() -> None:
    plan = stages([(50, 50), (100, 100)], Stop(steps=40))
    assert [steps_left(plan, step) for step in (10, 40, 41, 60)] == [30 + 4 * 20, 4 * 20, 19, 0]


def test_a_narrow_picture_has_as_few_sizes_as_its_shorter_side_allows() -> None:
    assert fitting_count((64, 4000), coarsest=384) == 2
    with pytest.raises(ValueError, match=r"64 × 31 pixels are too few"):
        octaves((31, 64), 1)


def test_noise_is_seeded() -> None:
    assert torch.equal(noise((8, 9), 1), noise((8, 9), 1))
    assert not torch.equal(noise((8, 9), 1), noise((8, 9), 2))


class Recorder:
    """A start that remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[Size, float | None]] = []

    def __call__(self, size: Size, before: Tensor | None) -> Tensor:
        self.given.append((size, None if before is None else round(before.mean().item(), 2)))
        return torch.zeros(1, 3, *size) if before is None else torch.full((1, 3, *size), before.mean().item())


PLAN = [Stage((8, 8), Stop(steps=12)), Stage((16, 16), Stop(steps=6))]


def test_a_size_begins_with_what_the_one_before_came_to_and_steps_go_on() -> None:
    start = Recorder()
    seen = list(refine(PLAN, start, lambda stage, image: towards(0.6)))
    assert [progress.step for progress in seen] == list(range(1, 19))
    assert [progress.variable.shape[2] for progress in seen] == [8] * 12 + [16] * 6
    assert start.given == [((8, 8), None), ((16, 16), 0.6)]


def test_a_size_that_ends_early_leaves_its_steps_out() -> None:
    plan = [Stage((8, 8), Stop(steps=60, settled=0.5)), PLAN[1]]
    seen = list(refine(plan, Recorder(), lambda stage, image: towards(0.6)))
    assert len(seen) < 60
    assert [progress.step for progress in seen][-6:] == list(range(61, 67))


@pytest.mark.parametrize("made", [5, 12, 15])
def test_it_resumes_after_any_step(made: int) -> None:
    start = Recorder()
    done = list(refine(PLAN, start, lambda stage, image: towards(0.6)))[made - 1]
    seen = list(
        refine(PLAN, start, lambda stage, image: towards(0.6), resume=DescentStep(done.step, {}, done.variable))
    )
    assert [progress.step for progress in seen] == list(range(made + 1, 19))
    assert seen[-1].variable.shape[2] == 16
    assert seen[-1].total < 1e-3
