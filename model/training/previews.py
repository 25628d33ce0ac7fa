"""What a network in training paints, to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch import Tensor

from impasto.model.pictures.picture import to_image

SHOWN = 3
"""Photos of a preview."""
AT_ONCE = 8
"""Styles that a photo is painted in at once."""


@torch.inference_mode()
def preview(paint: Callable[[Tensor, Tensor], Tensor], photos: Sequence[Tensor], *, styles: int) -> Image.Image:
    """A grid: a row for each photo (3, S, S), which comes first, and a column for each style.

    paint: photos (B, 3, S, S) and the rows of their styles (B,) -> painted (B, 3, S, S).
    """
    grid = []
    for photo in photos:
        parts = torch.arange(styles, device=photo.device).split(AT_ONCE)
        painted = torch.cat([paint(photo.expand(len(part), -1, -1, -1), part) for part in parts])
        grid.append(torch.cat([photo, *painted], dim=2))
    return to_image(torch.cat(grid, dim=1))
