"""A sound in the tone of another."""

from __future__ import annotations

import torch

from impasto.model.sound.filtering import MOST, filtered
from tests.model.sound.sounds import beats, tone

WINDOW, HOP = torch.hann_window(256), 64


def test_each_frequency_gets_as_loud_as_it_is_in_the_other() -> None:
    both = tone(500) + 0.1 * tone(1000)
    other = filtered(both, tone(1000) + 0.1 * tone(500), WINDOW, HOP)
    found = torch.fft.rfft(other[0]).abs()
    assert 5 < found[1000] / found[500] < 20


def test_a_sound_like_itself_is_itself() -> None:
    torch.testing.assert_close(filtered(beats(), beats(), WINDOW, HOP), beats())


def test_what_is_hardly_there_is_not_made_as_loud_as_the_rest() -> None:
    whisper = 1e-6 * beats()
    torch.testing.assert_close(filtered(whisper, beats(), WINDOW, HOP), MOST * whisper, atol=1e-9, rtol=1e-4)
    assert not filtered(torch.zeros(1, 4000), beats(), WINDOW, HOP).any()
