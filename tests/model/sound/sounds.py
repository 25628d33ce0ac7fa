"""Sounds that are made in a moment, and what they are made with."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.optimization.config import Stop
from impasto.model.sound.config import SoundConfig

RATE = 4000
TINY = SoundConfig(sample_rate=RATE, window=256, hop=64, filters=128, stride=1, stop=Stop(steps=20))


def tone(pitch: float, seconds: float = 1.0, rate: int = RATE) -> Tensor:
    """A waveform (1, samples) of one frequency, in hertz."""
    return 0.3 * torch.sin(2 * torch.pi * pitch * torch.arange(round(seconds * rate)) / rate)[None]


def beats(seconds: float = 1.0, rate: int = RATE) -> Tensor:
    """Four beats of noise a second, (1, samples)."""
    time = torch.arange(round(seconds * rate)) / rate
    noise = torch.randn(len(time), generator=torch.Generator().manual_seed(0))
    return (0.2 * noise * torch.exp(-30 * (time % 0.25)))[None]
