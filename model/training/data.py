"""What a network is trained on: a folder of photos, a folder of paintings.

The n-th training sample (which photo, which crop, which style) is a pure function of the seed and n.
So a run that is killed and resumed, or spread over several processes, sees what it would have seen.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from impasto.model.pictures.images import NoImages
from impasto.model.pictures.photos import Samples

log = logging.getLogger(__name__)


def split(photos: Sequence[Path], held_out: int) -> tuple[list[Path], list[Path]]:
    """Photos to train on, and `held_out` of them, evenly spread, to judge by.

    Raises NoImages when nothing would be left to train on.
    """
    if len(photos) <= held_out:
        raise NoImages(f"{len(photos)} photos are too few to keep {held_out} of them out of training")
    kept_out = [photos[position * len(photos) // held_out] for position in range(held_out)]
    left_out = set(kept_out)
    return [photo for photo in photos if photo not in left_out], kept_out


def loader(
    samples: Samples, *, batch: int, first_step: int, last_step: int, workers: int, rank: int = 0, world: int = 1
) -> DataLoader[tuple[Tensor, int]]:
    """Batches for steps first_step … last_step − 1, decoded by `workers` processes ahead of time.

    batch: images of a step over all `world` processes; each gets batch / world of them.
    """
    return DataLoader(
        samples,
        batch_size=batch // world,
        sampler=range(first_step * batch + rank, last_step * batch, world),  # the numbers of its samples
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=workers > 0,
    )
