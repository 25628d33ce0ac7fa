"""Each frequency of one sound as loud as it is in another."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.sound.equalizer import LOUDEST, equalized
from tests.model.sound.sounds import beats, tone

WINDOW = torch.hann_window(256)


def loudness(sound: Tensor) -> Tensor:
    return torch.stft(sound, 256, 64, window=WINDOW, return_complex=True).abs().mean(dim=(0, 2))


def test_frequencies_become_as_loud_as_the_others() -> None:
    dull = F.avg_pool1d(torch.randn(1, 4000, generator=torch.Generator().manual_seed(1)), 3, stride=1, padding=1)
    made = equalized(beats(), dull, WINDOW, 64)
    assert made.shape == beats().shape
    torch.testing.assert_close(loudness(made), loudness(dull), rtol=0.2, atol=0.05)


def test_a_sound_like_itself_stays_as_it_is() -> None:
    torch.testing.assert_close(equalized(beats(), beats(), WINDOW, 64), beats(), atol=1e-5, rtol=0)


def test_what_is_hardly_there_is_raised_by_so_much_and_no_more() -> None:
    quiet = 1e-4 * tone(300)
    torch.testing.assert_close(
        equalized(quiet, beats() + tone(300), WINDOW, 64).abs().max(), LOUDEST * quiet.max(), rtol=0.05, atol=0
    )


def test_silence_stays_silent() -> None:
    assert not equalized(torch.zeros(1, 4000), beats(), WINDOW, 64).any()


def test_what_is_in_the_middle_stays_there() -> None:
    left, right = equalized(torch.cat([beats(), beats()]), torch.cat([tone(300), tone(700)]), WINDOW, 64)
    assert torch.equal(left, right) and not torch.allclose(left, beats()[0], atol=0.01)
