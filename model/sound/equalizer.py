"""Each frequency of one sound as loud as it is in another: the plainest likeness of sounds."""

from __future__ import annotations

import torch
from torch import Tensor

LOUDEST = 100.0
"""Times, 40 decibels: by what a frequency is raised at the most, or what was hardly there would be heard alone."""


def equalized(sound: Tensor, like: Tensor, window: Tensor, hop: int) -> Tensor:
    """A sound (C, T) whose frequencies are as loud as in another, (C', T'), in the mean over time and channels.

    window: of the frames in which frequencies are told apart, (W,); hop: samples from one to the next. All channels
    go through one filter, so that what is in the middle stays there.
    """
    own, other = (torch.stft(each, len(window), hop, window=window, return_complex=True) for each in (sound, like))
    louder = _loudness(other) / _loudness(own)
    return torch.istft(
        own * louder.nan_to_num(0).clamp_max(LOUDEST), len(window), hop, window=window, length=sound.shape[1]
    )


def _loudness(frames: Tensor) -> Tensor:
    """Of each frequency of (C, bins, frames): (bins, 1)."""
    return frames.abs().mean(dim=(0, 2))[:, None]
