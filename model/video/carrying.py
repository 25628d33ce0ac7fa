"""What was painted, carried along into the next frame."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.model.video.flow import Floats, Flow

GRAIN = 3
"""Pixels across which grain is finer than. Most of what flickers is, and most of what a mixture loses."""
AROUND = 9
"""Pixels across over which grain is as strong as it was."""
STRONGER = 3.0
"""By how much grain is strengthened at most."""
NOTHING = 1e-6


def carried(painted: Tensor, before: Tensor, flow: Flow, share: float) -> Tensor:
    """A frame's painting with what was painted before it, where that is visible.

    painted, before: (1, 3, h, w) in [0, 1]. flow: of this size. share: of what is carried along.
    A mixture of two grains has less of either; it is made as strong as what is painted now has it (after E. Heitz,
    F. Neyret, "High-Performance By-Example Noise using a Histogram-Preserving Blending Operator", 2018).
    """
    visible = share * torch.from_numpy(flow.visible).to(painted.device)
    pixels = _pixels(torch.lerp(painted, flow.carry(before).to(painted.device), visible))
    grain = _grain(pixels)
    stronger = np.sqrt((_energy(_grain(_pixels(painted))) + NOTHING) / (_energy(grain) + NOTHING))
    crisp = pixels + (np.clip(stronger, 1, STRONGER)[..., None] - 1) * grain
    return torch.from_numpy(crisp).permute(2, 0, 1)[None].clamp(0, 1).to(painted.device)


def _pixels(image: Tensor) -> Floats:
    return np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy())


def _grain(pixels: Floats) -> Floats:
    return pixels - _blurred(pixels, GRAIN)


def _energy(grain: Floats) -> Floats:
    return np.asarray(_blurred(np.square(grain), AROUND).sum(axis=-1), np.float32)


def _blurred(pixels: Floats, side: int) -> Floats:
    return np.asarray(cv2.blur(pixels, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)
