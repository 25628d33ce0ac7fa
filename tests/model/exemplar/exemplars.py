"""Small exemplars."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from impasto.model.exemplar.exemplar import Exemplar, assembled
from impasto.model.pictures.picture import to_rgb


def noise(height: int, width: int, seed: int = 0) -> Tensor:
    """(3, H, W) of 256 values each: no two patches are alike."""
    return to_rgb(torch.randint(0, 256, (height, width, 3), generator=torch.Generator().manual_seed(seed)).byte())


def pebbles(side: int = 32, seed: int = 0) -> Exemplar:
    """Discs of some colours."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    pixels = np.full((side, side, 3), 90, np.uint8)
    for _ in range(side * side // 40):
        top, left = random.uniform(-4, side + 4, 2)
        pixels[(y - top) ** 2 + (x - left) ** 2 < random.uniform(2, 16)] = random.integers(0, 256, 3)
    return Exemplar(to_rgb(torch.from_numpy(pixels)))


def is_made_of(coordinates: Tensor, exemplar: Exemplar, size: tuple[int, int]) -> bool:
    """Whether a map has a size, and leads to pixels of an exemplar that may be taken."""
    height, width = exemplar.rgb.shape[1:]
    inside = (coordinates >= 0) & (coordinates < torch.tensor([height, width]))
    usable = torch.ones(height, width) if exemplar.usable is None else exemplar.usable
    return tuple(coordinates.shape) == (*size, 2) and bool(inside.all() and assembled(usable, coordinates).all())
