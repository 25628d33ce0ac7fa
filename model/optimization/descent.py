"""Gradient descent on an image or on a sound: how it steps, when it ends, and what happens when it leaves the way.

Knows nothing of what is minimised: `losses(variable)` gives the parts of it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.optimization.config import RATES, Optimizer, Stop
from impasto.model.optimization.pyramid import collapsed, laplacian

LossFunction = Callable[[Tensor], dict[str, Tensor]]
"""What is changed, an image (1, 3, H, W) or a sound (C, T) -> the parts of its loss, scalars."""

HISTORY = 20
"""Steps that L-BFGS remembers, each in two copies of the variable."""
FIRST_STEP = 1 / 255
"""Mean change of a value by the first step of L-BFGS, which knows no curvature yet. PyTorch's own would be a millionth,
in which bfloat16 sees none."""
SCALE = 1e3
"""Of the loss for L-BFGS: PyTorch's ignores curvatures below 1e-10."""
DIVERGED = 100.0
"""Times the least loss so far: above, a descent has left the way. L-BFGS may be 10 times above it for a step or two."""
LINE_SEARCH = 20
"""Places at the most that a line search looks at."""
SETTLED_OVER = 25
"""Steps over which a descent that goes on must gain something."""


class Diverged(ImpastoError):
    """The loss was not finite, or far above what it had been, twice; the second time at a safer setting."""


@dataclass(frozen=True)
class DescentStep:
    """A descent after a step.

    step: how many were made. losses: the parts of the loss after them.
    variable: the image (1, 3, H, W) or sound (C, T) with the least loss so far, unbounded; of the plain gradient, the
    latest.
    safer: whether the descent diverged and goes on at a safer setting.
    """

    step: int
    losses: dict[str, float]
    variable: Tensor = field(repr=False)
    safer: bool = False

    @property
    def picture(self) -> Tensor:
        """An image as it is shown: (3, H, W) in [0, 1], on the CPU."""
        return self.variable[0].clamp(0, 1).cpu()

    @property
    def total(self) -> float:
        """The loss: the sum of its parts."""
        return sum(self.losses.values())


def descend(
    losses: LossFunction,
    start: Tensor,
    *,
    optimizer: Optimizer = "lbfgs",
    rate: float | None = None,
    pyramid: bool = False,
    stop: Stop | None = None,
) -> Iterator[DescentStep]:
    """Change an image (1, 3, H, W) or a sound (C, T) so that its loss falls, and tell after every step. What it starts
    from stays as it is.

    rate: of RATES by default. pyramid: of an image, change the coefficients of its Laplacian pyramid in place of its
    pixels. A descent that diverges goes on from its best at a safer setting, L-BFGS with a line search, the others at a
    tenth of the rate. Raises Diverged when it does so again; InvalidValue for a rate that is not above 0.
    """
    stop = stop or Stop()
    rate = RATES[optimizer] if rate is None else rate
    if not 0 < rate < math.inf:
        raise InvalidValue(f"the rate is {rate:g}; it must be a number above 0")
    began = time.monotonic()
    step, least, best = 0, math.inf, start.detach()
    history: list[float] = []
    for safer in (False, True):
        mover = _Mover(losses, best, optimizer, rate, pyramid=pyramid, safer=safer)
        while True:
            found, seen = mover.look()
            total = sum(found.values())
            far = optimizer != "gradient" and total > least + (DIVERGED - 1) * abs(least)  # whose steps are bounded
            if not math.isfinite(total) or far:
                break
            if total < least or optimizer == "gradient":  # whose loss is noisy: Deep Dream shifts the image
                least, best = min(total, least), seen
            history.append(least)
            if step:
                yield DescentStep(step, found, best, safer)
                if stop.seconds is not None and time.monotonic() - began >= stop.seconds:
                    return
            if step == stop.steps:
                return
            gained = history[-1 - SETTLED_OVER] - least if len(history) > SETTLED_OVER else math.inf
            if stop.settled is not None and gained <= stop.settled * abs(least):
                return
            mover.step()
            step += 1
    raise Diverged(
        f"the loss became {total:.3g} at step {step}, and again when tried more carefully; choose a lower rate "
        f"than {rate:g}, another optimizer than {optimizer}, or lower weights"
    )


class _Mover:
    """Moves what is changed step by step."""

    def __init__(
        self, losses: LossFunction, start: Tensor, optimizer: Optimizer, rate: float, *, pyramid: bool, safer: bool
    ) -> None:
        self._losses, self._name = losses, optimizer
        begin = start.clone(memory_format=torch.contiguous_format)
        self._levels = [level.requires_grad_() for level in (laplacian(begin) if pyramid else [begin])]
        self._rate = rate if not safer else 1.0 if optimizer == "lbfgs" else rate / 10
        self._seen: float | None = None
        if optimizer == "lbfgs":
            self._optimizer: torch.optim.Optimizer = torch.optim.LBFGS(
                self._levels,
                lr=FIRST_STEP * sum(level.numel() for level in self._levels),
                max_iter=1,
                max_eval=LINE_SEARCH,
                history_size=HISTORY,
                tolerance_grad=0,
                tolerance_change=0,
                line_search_fn="strong_wolfe" if safer else None,
            )
        elif optimizer == "adam":
            self._optimizer = torch.optim.Adam(self._levels, lr=self._rate)
        else:
            self._optimizer = torch.optim.SGD(self._levels, lr=self._rate)

    def look(self) -> tuple[dict[str, float], Tensor]:
        """The parts of the loss, and a copy of what has them."""
        parts, self._seen = self._evaluate()
        return parts, collapsed(self._levels).detach().clone()

    def step(self) -> None:
        """Move on from where it has looked."""
        self._optimizer.step(self._closure)
        self._optimizer.param_groups[0]["lr"] = self._rate
        if self._name == "gradient":
            for level in self._levels:
                level.data.clamp_(0, 1)

    def _closure(self) -> float:
        """What optimisers ask for: the loss, of where it has looked first, and then wherever a line search tries."""
        seen, self._seen = self._seen, None
        return self._evaluate()[1] if seen is None else seen

    def _evaluate(self) -> tuple[dict[str, float], float]:
        self._optimizer.zero_grad()
        parts = self._losses(collapsed(self._levels))
        each = torch.stack(list(parts.values()))
        total = SCALE * each.sum()
        total.backward()
        for level in self._levels:
            if self._name == "gradient" and level.grad is not None:
                level.grad /= level.grad.abs().mean() + torch.finfo(level.dtype).tiny
        return dict(zip(parts, each.tolist(), strict=True)), float(total.detach())
