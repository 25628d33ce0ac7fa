"""`impasto bulk` on a cluster: the only place that knows of Ray Data.

What is sent about are names. Each painter, an actor, reads, decodes, paints, encodes and writes a batch of photos, with
threads of its own as in this process: pixels never leave the machine that paints them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
import ray.data
from ray.data import ActorPoolStrategy, DataContext

from impasto.model.errors import ImpastoError
from impasto.model.network.allocator import ONE_ARENA, keep_freed_memory
from impasto.scripts.bulk_painting import Outcome, Painter, Task
from impasto.scripts.easel import Easel
from impasto.scripts.paint import Wanted
from impasto.scripts.places import Place

LARGEST_BATCH = 16
"""Photos. A batch is told of when all of it is done, and begun anew when its painter is lost."""


class ClusterError(ImpastoError):
    """There is no cluster, or it has gone."""


class Batches:
    """A painter of a cluster."""

    def __init__(self, wanted: Wanted, source: Place, output: Place, folder: Path) -> None:
        """folder: what names of masks and checkpoints are relative to, on a disk that all machines share."""
        with suppress(OSError):
            os.chdir(folder)
        keep_freed_memory()
        self._painter = Painter(Easel(wanted), source, output)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        outcomes = list(self._painter.paint(map(Task, batch["photo"], batch["target"])))
        return {name: [getattr(each, name) for each in outcomes] for name in Outcome._fields}


def paint(
    tasks: Sequence[Task], wanted: Wanted, source: Place, output: Place, *, painters: int | None
) -> Iterator[Outcome]:
    """Paint photos on the cluster. painters: how many at once. Raises ClusterError."""
    there: dict[str, float] = ray.cluster_resources()
    gpus, cpus = int(there.get("GPU", 0)), int(there.get("CPU", 1))
    painters = painters or gpus or cpus
    size = max(1, min(LARGEST_BATCH, len(tasks) // (4 * painters)))
    try:
        batches = ray.data.from_items([task._asdict() for task in tasks], override_num_blocks=-(-len(tasks) // size))
        painted = batches.map_batches(
            Batches,
            fn_constructor_args=(wanted, source, output, Path.cwd()),
            batch_size=size,
            compute=ActorPoolStrategy(size=painters),
            num_cpus=max(1, cpus // painters) if gpus else 1,
            num_gpus=1 if gpus else 0,
            runtime_env={"env_vars": ONE_ARENA},
        )
        for row in painted.iter_rows():
            yield Outcome(**row)
    except Exception as error:  # Ray's, Arrow's and gRPC's
        raise ClusterError(f"{reason(error)}; started again, it goes on") from error


def connect(address: str) -> None:
    """Raises ClusterError."""
    quiet: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    try:
        ray.init(address, include_dashboard=False, ignore_reinit_error=True, **quiet)
    except Exception as error:  # ConnectionError, ValueError, and plain ones
        raise ClusterError(f"--ray {address}: {reason(error)}") from error
    DataContext.get_current().enable_progress_bars = False
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.CRITICAL)  # a bar and a line are enough; Ray's own files have the rest


def reason(error: BaseException) -> str:
    """What Ray says, in one line: the last one of a worker's traceback."""
    return str(error).strip().splitlines()[-1]
