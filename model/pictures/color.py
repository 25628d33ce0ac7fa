"""Brightness and colour, and a painting in the colours of its photo."""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""How much red, green and blue add to brightness (ITU-R BT.601, on gamma-encoded values)."""


def keep_color(painted: Tensor, photo: Tensor) -> Tensor:
    """The brightness of `painted` with the colours of `photo`, both (…, 3, H, W) in [0, 1].

    Luminance-only transfer (L. Gatys et al., "Preserving Color in Neural Artistic Style Transfer",
    2016): in any space where brightness is one axis, exchanging it is adding the same difference to
    red, green and blue. Where that leaves [0, 1], the colour is moved towards grey until it fits, so
    that the brightness, which carries the strokes, stays as painted.
    """
    bright = brightness(painted)
    chroma = photo - brightness(photo)
    room = torch.where(chroma > 0, 1 - bright, bright)
    fits = (room / chroma.abs().clamp_min(1e-6)).clamp(max=1).amin(-3, keepdim=True)
    return bright + fits * chroma


def brightness(rgb: Tensor) -> Tensor:
    """(…, 3, H, W) in [0, 1] -> (…, 1, H, W) in [0, 1]."""
    (red, of_red), (green, of_green), (blue, of_blue) = zip(rgb.split(1, dim=-3), LUMA, strict=True)
    bright: Tensor = (red * of_red).add_(green, alpha=of_green).add_(blue, alpha=of_blue)
    return bright
