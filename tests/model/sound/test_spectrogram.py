"""Sounds as pictures."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.sound.spectrogram import spectrogram
from tests.model.sound.sounds import beats, tone


def row(sound: Tensor) -> int:
    """The lightest row in the middle of a picture."""
    return int(spectrogram(sound, 4000, 60, 80)[:, :, 40].sum(dim=0).argmax())


def test_an_octave_is_as_high_as_another() -> None:
    low, middle, high = (row(tone(pitch)) for pitch in (250, 500, 1000))
    assert low - middle == pytest.approx(middle - high, abs=1) and middle - high > 5


def test_time_goes_to_the_right() -> None:
    sound = torch.cat([torch.zeros(1, 4000), beats()], dim=1)
    light = spectrogram(sound, 4000, 60, 80).sum(dim=(0, 1))
    assert light[45:].mean() > 2 * light[:35].mean()


@pytest.mark.parametrize("sound", [torch.zeros(1, 4000), beats(0.05), 1e-6 * torch.cat([beats(), tone(500)])])
def test_what_is_silent_short_or_quiet_is_a_picture_too(sound: Tensor) -> None:
    picture = spectrogram(sound, 4000, 60, 80)
    assert picture.shape == (3, 60, 80)
    assert picture.min() >= 0 and picture.max() <= 1
