"""What is heard of a waveform."""

from __future__ import annotations

from dataclasses import replace

import torch

from impasto.model.sound.ear import FILTERS, SEEN, SPECTROGRAM, Ear
from tests.model.sound.sounds import RATE, TINY, beats, tone


def test_channels_are_rows_and_frequencies_channels_of_an_image() -> None:
    heard = Ear(TINY)(torch.cat([tone(500), beats()]))
    frames = 1 + RATE // TINY.hop
    assert heard[SPECTROGRAM].shape == (1, 129, 2, frames)
    assert heard[FILTERS].shape == (1, TINY.filters, 2, frames - SEEN + 1)
    alone = Ear(TINY)(beats())[FILTERS]
    torch.testing.assert_close(heard[FILTERS][:, :, 1:], alone)


def test_a_tone_is_loudest_at_its_own_frequency() -> None:
    spectrogram = Ear(TINY)(tone(500))[SPECTROGRAM]
    assert (spectrogram[0, :, 0, 5:-5].argmax(dim=0) == 500 * 256 // RATE).all()


def test_filters_listen_at_every_so_many_frames() -> None:
    often, seldom = (Ear(replace(TINY, stride=stride))(beats())[FILTERS] for stride in (1, 4))
    torch.testing.assert_close(seldom, often[..., ::4])


def test_a_seed_is_one_ear_and_another_seed_another() -> None:
    first, same, other = (Ear(replace(TINY, seed=seed)).filters for seed in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_what_is_heard_tells_how_to_change_the_waveform_even_where_it_is_silent() -> None:
    sound = beats()
    sound[:, :1000] = 0
    sound.requires_grad_()
    Ear(TINY)(sound)[FILTERS].sum().backward()
    assert sound.grad is not None and sound.grad.isfinite().all() and sound.grad.abs().sum() > 0
