"""What is measured while a network is trained: losses and pace, averaged between two lines of the log."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
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
        self._sums.zero_()
        self.images, self._taught = 0, []
        self._started, self._waited = time.perf_counter(), 0.0
        return {**self.overall, **taught, **pace}
