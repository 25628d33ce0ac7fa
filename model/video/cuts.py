"""Cuts: where one shot of a film ends and another begins.

By histograms of colours: within a shot they change little, however things move (A. Nagasaka, Y. Tanaka, "Automatic
Video Indexing and Full-Video Search for Object Appearances", 1991).
"""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = 8
"""Of each colour in a histogram."""
APART = 0.5
"""Share of the pixels whose colours must be others."""


def is_cut(before: Tensor, now: Tensor) -> bool:
    """Whether a shot begins with the second of two frames, (H, W, 3) of uint8."""
    return float((histogram(now) - histogram(before)).abs().sum()) / 2 > APART


def histogram(pixels: Tensor) -> Tensor:
    """The share of the pixels that each of 512 colours has."""
    few = pixels[::2, ::2].long() // (256 // LEVELS)
    colors = (few[..., 0] * LEVELS + few[..., 1]) * LEVELS + few[..., 2]
    return torch.bincount(colors.flatten(), minlength=LEVELS**3) / colors.numel()
