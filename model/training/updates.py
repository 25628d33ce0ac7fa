"""The updates of a training: how large they are, which are not made, and when a run is given up."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from impasto.model.errors import ImpastoError

log = logging.getLogger(__name__)

COLLAPSED_STEPS = 50
"""Steps in a row that may go wrong before a run is given up."""
FLATTEST_OUTPUT = 1e-3
"""Standard deviation within every channel of every painted image below which nothing is shown any more."""


class TrainingCollapsed(ImpastoError):
    """The loss or the output is of no use any more, and will not recover by itself."""


class Updates:
    """Steps of Adam.

    groups: of parameters, and the largest step size of each.
    steps, cooldown: of the run, and the last share of them in which all rates fall linearly to zero.
    gradient_clip: norm to which larger gradients are cut.
    """

    def __init__(
        self,
        groups: Sequence[tuple[Iterable[nn.Parameter], float]],
        *,
        steps: int,
        cooldown: float,
        gradient_clip: float,
    ) -> None:
        self.optimizer = torch.optim.Adam([{"params": parameters, "peak": rate} for parameters, rate in groups])
        self.steps, self.cooldown, self.gradient_clip = steps, cooldown, gradient_clip
        self.skipped = 0
        self._bad = 0

    def make(self, step: int, painted: Tensor) -> None:
        """The update of a step from the gradients that are there, unless one is not finite.

        painted: what was painted at that step. Raises TrainingCollapsed when too many in a row have gone wrong.
        """
        good = self._made(step) and bool(painted.std(dim=(2, 3)).max() > FLATTEST_OUTPUT)
        self._bad = 0 if good else self._bad + 1
        if self._bad == COLLAPSED_STEPS:
            raise TrainingCollapsed(
                f"{self._bad} steps in a row, up to step {step}, had gradients that were not finite or painted "
                "one flat colour. The last state saved is in the output folder; a lower learning rate may help."
            )

    def _made(self, step: int) -> bool:
        left = (self.steps - step) / self.steps
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * min(1.0, left / max(self.cooldown, 1e-9))
        parameters = [each for group in self.optimizer.param_groups for each in group["params"]]
        good = bool(nn.utils.clip_grad_norm_(parameters, self.gradient_clip).isfinite())
        if good:
            self.optimizer.step()
        else:
            self.skipped += 1
            log.warning("step %d skipped: its gradients are not finite", step)
        self.optimizer.zero_grad()
        return good
