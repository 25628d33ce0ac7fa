"""What is measured while a network is trained: losses and pace, averaged between two lines of the log."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from impasto.model.perception.objective import Losses

_T = TypeVar("_T")


class Metrics:
    """Losses averaged since the last line of the log, over everything and per style.

    images: that this process has painted since then; not all of them need have losses.
    """

    NAMES = ("total", "content", "style", "content_error", "style_distance")

    def __init__(self, styles: int, device: torch.device) -> None:
        self._sums = torch.zeros(styles, len(self.NAMES) + 1, device=device)
        self._started = time.perf_counter()
        self._waited = 0.0
        self.images = 0
        self._taught: list[Tensor] = []
        self._over: list[Tensor] = []
        self.overall: dict[str, float] = {}
        self.styles: list[dict[str, float]] = []

    def timed(self, batches: Iterable[_T]) -> Iterator[_T]:
        """The batches, noting how long the training waits for each."""
        source = iter(batches)
        while True:
            asked = time.perf_counter()
            try:
                batch = next(source)
            except StopIteration:
                return
            self._waited += time.perf_counter() - asked
            yield batch

    def taught(self, error: Tensor) -> Tensor:
        """An error against the teacher, which is noted."""
        self._taught.append(error.detach())
        return error

    def add_painted_over(self, losses: Losses) -> None:
        """Take in the errors of crops of this process that were painted over, which are told apart from the others."""
        errors = torch.stack([losses.content_error, losses.style_distance], dim=1).detach()
        self._over.extend(errors[errors.isfinite().all(dim=1)])

    def add(self, losses: Losses, rows: Tensor) -> None:
        """Take in the losses of a batch and the rows of its styles, (B,); images without a finite loss do not count."""
        values = torch.stack([getattr(losses, name).detach() for name in self.NAMES], dim=1)
        counted = torch.cat([values, torch.ones_like(values[:, :1])], dim=1)
        finite = values.isfinite().all(dim=1, keepdim=True)
        self._sums.index_add_(0, rows, torch.where(finite, counted, 0.0))

    def take(self) -> dict[str, float]:
        """Averages over all processes and the pace since the last call, then start anew."""
        processes = 1
        if dist.is_initialized():
            dist.all_reduce(self._sums)
            processes = dist.get_world_size()
        sums = self._sums.cpu()
        seconds = time.perf_counter() - self._started
        count = float(sums[:, -1].sum())
        self.overall = dict(zip(self.NAMES, (sums[:, :-1].sum(0) / count).tolist(), strict=True)) if count else {}
        self.styles = [
            dict(zip(self.NAMES, (row[:-1] / row[-1]).tolist(), strict=True)) if row[-1] else {} for row in sums
        ]
        pace = {"images_per_second": self.images * processes / seconds, "waiting_for_data": self._waited / seconds}
        taught = {"teacher_error": float(torch.stack(self._taught).mean())} if self._taught else {}
        over = dict(zip(("over_content_error", "over_style_distance"), _mean(self._over), strict=False))
        self._sums.zero_()
        self.images, self._taught, self._over = 0, [], []
        self._started, self._waited = time.perf_counter(), 0.0
        return {**self.overall, **over, **taught, **pace}


def _mean(values: Sequence[Tensor]) -> list[float]:
    """The mean of vectors; nothing where there are none."""
    mean: list[float] = torch.stack([*values]).mean(dim=0).tolist() if values else []
    return mean
