"""Crops painted as large photos are: coarse to fine, the finer strokes over the coarser ones.

A network that has seen nothing but photos takes its own strokes for a photo's detail, and paints everything twice. So
for some of the crops it is given what the ladder gives it (`model/painting/ladder.py`): the crop painted at half the
size, enlarged, with the photo's detail put back; and what is judged is what the ladder makes of its answer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from impasto.model.network.config import StrokeConfig
from impasto.model.painting.ladder import climb

Paint = Callable[[Tensor, Tensor], Tensor]
"""Paints images (B, 3, H, W) in [0, 1] in mixtures of styles (B, N)."""


def is_painted_over(step: int, share: float) -> bool:
    """Whether a step is one of those, evenly spread, in which crops are painted over."""
    return int((step + 1) * share) > int(step * share)


def paint_over(paint: Paint, photos: Tensor, mixtures: Tensor, strokes: StrokeConfig) -> Tensor:
    """Photos (B, 3, H, W) painted at half the size, without gradient, and over that -> (B, 3, H, W)."""
    height, width = photos.shape[2:]

    def level(images: Tensor) -> Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and images.shape[2] == height):
            return paint(images, mixtures).float()  # half precision would round the differences of levels

    return climb(level, photos, ((height // 2, width // 2), (height, width)), strokes)
