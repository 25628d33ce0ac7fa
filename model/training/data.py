"""What a network is trained on: a folder of photos, a folder of paintings.

The n-th training sample (which photo, which crop, which style) is a pure function of the seed and n.
So a run that is killed and resumed, or spread over several processes, sees what it would have seen.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from impasto.model.pictures.color import brightness
from impasto.model.pictures.images import NoImages
from impasto.model.pictures.photos import FLATTEST_CROP, Samples

log = logging.getLogger(__name__)


DARKEST, COLORFUL = 2.5, 1.6
"""Of another light: the exponent by which pixels become darker, or by its inverse lighter, and times their colour."""


class VariedSamples(Samples):
    """Samples of which a share stands in another light: darker or lighter, more colourful, less, or in grey."""

    def __init__(self, photos: Sequence[Path], *, styles: int, crop: int, seed: int, varied: float) -> None:
        super().__init__(photos, styles=styles, crop=crop, seed=seed)
        self._varied = varied

    def __getitem__(self, n: int) -> tuple[Tensor, int]:
        crop, style = super().__getitem__(n)
        random = np.random.default_rng((self.seed, n, 1))
        if random.random() < self._varied:
            lit = in_other_light(crop, random)
            if lit.std(dim=(1, 2)).max() >= FLATTEST_CROP:  # something is still to be seen
                return lit, style
        return crop, style


def in_other_light(rgb: Tensor, random: np.random.Generator) -> Tensor:
    """A picture (3, H, W) in [0, 1], exposed and coloured otherwise."""
    exposed = rgb ** (DARKEST ** random.uniform(-1, 1))
    return torch.lerp(brightness(exposed), exposed, random.uniform(0, COLORFUL)).clamp(0, 1)


def split(photos: Sequence[Path], held_out: int, before: Collection[str] = ()) -> tuple[list[Path], list[Path]]:
    """Photos to train on, and `held_out` of them to judge by: the first ones of those that were kept out `before`, by
    name, of a training that this one goes on from, and others, evenly spread.

    Raises NoImages when nothing would be left to train on.
    """
    if len(photos) <= held_out:
        raise NoImages(f"{len(photos)} photos are too few to keep {held_out} of them out of training")
    kept_out = [photo for photo in photos if photo.name in before][:held_out]
    others = [photo for photo in photos if photo.name not in before]
    missing = held_out - len(kept_out)
    kept_out += [others[position * len(others) // missing] for position in range(missing)]
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
