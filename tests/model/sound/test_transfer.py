"""One sound in the manner of another."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impasto.model.optimization.config import Stop
from impasto.model.sound.config import SoundConfig
from impasto.model.sound.ear import Ear
from impasto.model.sound.transfer import LOUDNESS, SILENT, Silent, SoundTransfer
from tests.model.sound.sounds import RATE, TINY, beats, tone


def made(content: Tensor, style: Tensor, config: SoundConfig = TINY) -> Tensor:
    transfer = SoundTransfer(content, style, Ear(config), config)
    return transfer.sound(deque(transfer.run(), maxlen=1).pop())


def test_it_comes_nearer_to_the_style_at_some_cost_of_the_content() -> None:
    transfer = SoundTransfer(beats(), tone(700), Ear(TINY), TINY)
    seen = list(transfer.run())
    assert len(seen) == transfer.steps == 20
    own = transfer.losses(LOUDNESS * beats() / beats().square().mean().sqrt())["style"]
    assert seen[-1].losses["style"] < seen[0].losses["style"] and seen[-1].losses["style"] < 0.1 * own
    assert 0 < seen[-1].losses["content"] < 1
    sound = transfer.sound(seen[-1])
    assert sound.shape == (1, RATE) and sound.isfinite().all()


def test_beats_stay_where_they_are_and_get_the_tone() -> None:
    sound = made(beats(), tone(700))
    spectrum = torch.fft.rfft(sound[0]).abs()
    assert abs(int(spectrum.argmax()) - 700) < 20
    energy = sound[0].reshape(16, -1).square().mean(dim=1).reshape(4, 4)
    assert (energy[:, 0] > energy[:, 3]).all()


def test_a_style_of_no_weight_leaves_the_content_as_it_is() -> None:
    torch.testing.assert_close(made(beats(), tone(700), replace(TINY, style_weight=0)), beats(), atol=1e-3, rtol=0)


def test_a_seed_is_one_sound_and_another_seed_another() -> None:
    first, same, other = (made(beats(), tone(700), replace(TINY, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(first, same) and not torch.equal(first, other)


def test_adam_can_be_taken_too() -> None:
    transfer = SoundTransfer(beats(), tone(700), Ear(TINY), replace(TINY, optimizer="adam"))
    first, *_, last = transfer.run()
    assert last.total < first.total


@pytest.mark.parametrize("factor", [1e-3, 20])
def test_how_loud_the_files_are_changes_nothing_but_how_loud_the_sound_is(factor: float) -> None:
    few = replace(TINY, stop=Stop(steps=3))
    expected = made(beats(), tone(700), few)
    torch.testing.assert_close(made(factor * beats(), tone(700), few) / factor, expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(made(beats(), factor * tone(700), few), expected, atol=1e-3, rtol=0)


def test_stereo_stays_stereo_and_what_is_in_the_middle_stays_there() -> None:
    wide = made(torch.cat([beats(), tone(300)]), tone(700))
    assert wide.shape == (2, RATE) and not torch.allclose(wide[0], wide[1], atol=0.01)
    middle = made(torch.cat([beats(), beats()]), tone(700))
    torch.testing.assert_close(middle[0], middle[1], atol=1e-4, rtol=0)


def test_a_silent_channel_stays_silent_and_is_no_style() -> None:
    few = replace(TINY, stop=Stop(steps=3))
    silence = torch.zeros_like(beats())
    expected = made(beats(), tone(700), few)
    both = made(torch.cat([silence, beats()]), torch.cat([tone(700), silence]), few)
    assert not both[0].any()
    torch.testing.assert_close(both[1:], expected)


def test_what_is_silent_is_refused() -> None:
    hum = torch.full((1, RATE), SILENT)
    with pytest.raises(Silent, match="content: it is silent"):
        SoundTransfer(torch.zeros(1, RATE), tone(700), Ear(TINY), TINY)
    with pytest.raises(Silent, match="style: it is silent"):
        SoundTransfer(tone(700), hum, Ear(TINY), TINY)


def test_what_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match=r"style: it has 0.10 seconds, and at least 0.16 are needed"):
        SoundTransfer(beats(), tone(700, seconds=0.1), Ear(TINY), TINY)
    made(tone(300, seconds=0.16), tone(700, seconds=0.16), replace(TINY, stop=Stop(steps=1)))


def test_where_silence_would_be_nearer_it_begins_with_the_styles_frequencies() -> None:
    clicks, noise = torch.zeros(1, RATE), torch.randn(1, RATE, generator=torch.Generator().manual_seed(0))
    clicks[:, ::2000] = 0.9
    config = replace(TINY, stop=Stop(steps=1))
    of_silence = config.content_weight + config.style_weight
    far, near = SoundTransfer(noise, clicks, Ear(TINY), config), SoundTransfer(clicks, beats(), Ear(TINY), config)
    assert next(far.run()).losses["style"] < of_silence < far.losses(LOUDNESS * noise / noise.std())["style"]
    assert next(near.run()).losses["content"] < 0.2
