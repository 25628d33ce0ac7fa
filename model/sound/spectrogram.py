"""A sound as a picture: time from left to right, pitch upwards, loudness as light."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, HOP = 2048, 256
"""Samples in which frequencies are told apart, and from one such look to the next."""
DEEPEST = 50.0
"""Hertz, of the lowest row."""
RANGE = 80.0
"""Decibels below the loudest that are still seen."""
COLORS = torch.tensor(
    [
        (0.0, 0.0, 0.02),
        (0.23, 0.06, 0.44),
        (0.55, 0.16, 0.50),
        (0.87, 0.29, 0.41),
        (0.99, 0.62, 0.43),
        (0.99, 0.99, 0.75),
    ]
)
"""Of what is silent, to what is loudest, at equal distances; each is lighter than the one before."""


def spectrogram(sound: Tensor, rate: int, height: int, width: int) -> Tensor:
    """A waveform (channels, samples), samples a second -> a picture (3, height, width) in [0, 1].

    Each octave is as high as another; a row is the power of all frequencies that lie in it, of all channels together.
    """
    window = torch.hann_window(WINDOW)
    found = torch.stft(sound, WINDOW, HOP, window=window, pad_mode="constant", return_complex=True)
    power = F.interpolate(found.abs().square().sum(dim=0)[None], width, mode="area")[0]
    below = F.pad(power.double().cumsum(dim=0), (0, 0, 1, 0))
    edges = DEEPEST * (rate / 2 / DEEPEST) ** torch.linspace(1, 0, height + 1) * WINDOW / rate
    rows = -_between(below, edges).diff(dim=0).float()
    loudness = 1 + 10 / RANGE * torch.log10(rows / rows.max().clamp_min(1e-20) + 1e-20)
    return _between(COLORS, loudness.clamp(0, 1).flatten() * (len(COLORS) - 1)).T.reshape(3, height, width)


def _between(table: Tensor, places: Tensor) -> Tensor:
    """Rows of a table (N, M) at places (K,) from 0 to N - 1, which lie between two of them: (K, M)."""
    before = places.long().clamp_max(len(table) - 2)
    return torch.lerp(table[before], table[before + 1], (places - before)[:, None].to(table.dtype))
