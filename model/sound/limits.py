"""How long a sound may be: known from what its file's header says, before anything is decoded."""

from __future__ import annotations

import math

import torch

from impasto.model.errors import InvalidValue
from impasto.model.optimization.config import Optimizer
from impasto.model.optimization.memory import SPARE, TooLarge, memory_free, memory_to_change
from impasto.model.sound.config import SoundConfig
from impasto.model.sound.ear import SEEN, SPECTROGRAM, Ear
from impasto.model.sound.files import Facts

LAID_OUT = 4
"""Copies of the filters: one to count what they take, and those that convolutions make, there and back."""


class TooShort(InvalidValue):
    """A sound of fewer frames than a filter hears."""


class TooLong(InvalidValue):
    """A sound of more seconds than are begun."""


def check_length(
    sound: Facts, ear: Ear, config: SoundConfig, optimizer: Optimizer | None, *, longest: float = math.inf
) -> None:
    """Raises TooShort; TooLong for more than the longest, in seconds; TooLarge, which names how many fit into memory.

    optimizer: None of a sound that is only listened to.
    """
    shortest = max((SEEN - 1) * config.hop, config.window // 2 + 1) / config.sample_rate
    if sound.seconds < shortest:
        raise TooShort(f"it has {sound.seconds:.2f} seconds, and at least {shortest:.2f} are needed")
    if sound.seconds > longest:
        raise TooLong(f"it has {sound.seconds:,.1f} seconds, and more than {longest:g} are not begun: cut it before")
    shape = sound.channels, round(sound.seconds * config.sample_rate)
    decoded = 2 * torch.float32.itemsize * sound.channels * sound.samples  # at its own rate, by rows and by channels
    laid_out = LAID_OUT * ear.filters.nbytes
    needed = decoded + laid_out + memory_to_change(shape, ear, optimizer, [SPECTROGRAM])
    free = SPARE * memory_free(ear.window.device)
    if needed > free:
        raise TooLarge(
            f"its {sound.seconds:,.1f} seconds with channels: {sound.channels} need about {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: about {sound.seconds * free / needed:.1f} seconds fit"
        )
