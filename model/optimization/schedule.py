"""The schedule: an image is made small first, where much changes at once and cheaply, and then refined.

L. Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017, section 6: a loss network sees
only so many pixels around each, and at the full size none of the large shapes of a painting.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.optimization.config import Optimizer, Stop
from impasto.model.optimization.descent import DescentStep, LossFunction, descend

Size = tuple[int, int]
"""Height and width in pixels."""
SMALLEST = 32
"""Pixels a side: less is nothing to the deepest layers of a loss network."""


@dataclass(frozen=True)
class Stage:
    """One size of a schedule, and when it is left for the next."""

    size: Size
    stop: Stop


def octaves(full: Size, count: int, *, ratio: float = 2.0) -> list[Size]:
    """`count` sizes, the smallest first, each `ratio` times larger than the one before, the last `full`.

    Raises InvalidValue when the smallest would be nearly nothing.
    """
    if count < 1 or not 1 < ratio < math.inf:
        raise InvalidValue("a schedule has at least one size, and each is larger than the one before")
    sizes = [(round(full[0] / ratio**n), round(full[1] / ratio**n)) for n in reversed(range(count))]
    if min(full) < SMALLEST:
        raise InvalidValue(f"{full[1]} × {full[0]} pixels are too few: both sides must be at least {SMALLEST}")
    if min(sizes[0]) < SMALLEST:
        raise InvalidValue(
            f"{count} sizes up to {full[1]} × {full[0]} pixels begin at {sizes[0][1]} × {sizes[0][0]}, and both sides "
            f"must be at least {SMALLEST}; choose fewer"
        )
    return sizes


def fitting_count(full: Size, *, coarsest: int) -> int:
    """How many sizes, each twice the one before, lead from at least so many pixels on the longer side to the full."""
    count = 1
    while max(full) >= coarsest * 2**count and min(full) >= SMALLEST * 2**count:
        count += 1
    return count


def noise(size: Size, seed: int) -> Tensor:
    """White noise in [0, 1], (1, 3, H, W): the same for the same seed and size."""
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed))


def stages(sizes: Sequence[Size], stop: Stop) -> list[Stage]:
    """What each of the sizes may take: the smallest all the steps, each other half as many as the one before.

    What is left to refine is less from size to size, and each step costs four times as much. Seconds are shared out as
    steps of that many pixels take them.
    """
    steps = [max(1, stop.steps >> n) for n in range(len(sizes))]
    costs = [count * height * width for count, (height, width) in zip(steps, sizes, strict=True)]
    seconds = [None if stop.seconds is None else stop.seconds * cost / sum(costs) for cost in costs]
    return [
        Stage(size, replace(stop, steps=count, seconds=share))
        for size, count, share in zip(sizes, steps, seconds, strict=True)
    ]


def steps_left(plan: Sequence[Stage], step: int) -> float:
    """How many steps there are after one, counted in steps of its size: one of twice the pixels counts twice."""
    ends = list(accumulate(stage.stop.steps for stage in plan))
    pixels = [height * width for height, width in (stage.size for stage in plan)]
    at = next(n for n, end in enumerate(ends) if step <= end)
    rest = (ends[at] - step) * pixels[at]
    rest += sum(stage.stop.steps * each for stage, each in zip(plan[at + 1 :], pixels[at + 1 :], strict=True))
    return rest / pixels[at]


def refine(
    plan: Sequence[Stage],
    start: Callable[[Size, Tensor | None], Tensor],
    losses: Callable[[Stage, Tensor], LossFunction],
    *,
    optimizer: Optimizer = "lbfgs",
    rate: float | None = None,
    pyramid: bool = False,
    resume: DescentStep | None = None,
) -> Iterator[DescentStep]:
    """Descend at each stage in turn; steps are counted over all.

    start: the image (1, 3, H, W) to begin a size with, of that of the size before, which is None for the first.
    losses: the objective of a stage that begins with an image. pyramid: as `descend` takes it.
    resume: go on after that step, from its image.
    """
    made = 0
    image: Tensor | None = None
    for stage in plan:
        steps = stage.stop.steps
        skipped = 0 if resume is None else min(steps, max(0, resume.step - made))
        if resume is not None and skipped:
            image = resume.variable
        if skipped < steps:
            begin = image if skipped and image is not None else start(stage.size, image)
            stop = replace(stage.stop, steps=steps - skipped)
            loss = losses(stage, begin)
            for progress in descend(loss, begin, optimizer=optimizer, rate=rate, pyramid=pyramid, stop=stop):
                image = progress.variable
                yield replace(progress, step=made + skipped + progress.step)
        made += steps
