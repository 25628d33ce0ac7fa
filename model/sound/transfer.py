"""One sound in the manner of another: what happens in the one, as the other sounds.

D. Ulyanov, V. Lebedev, 2016 (see `ear.py`), with the waveform as the variable. It begins as the content, and where
silence would be nearer to what is asked for, as the content with the style's loudness of each frequency: of a melody
like drums, 100 steps from the melody itself leave D at 4.8, from there at 0.15.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue, about
from impasto.model.optimization.config import Optimizer
from impasto.model.optimization.descent import DescentStep, descend
from impasto.model.optimization.terms import ContentTerm, StyleTerm, Term, summed
from impasto.model.perception.losses import gram
from impasto.model.sound.config import SoundConfig
from impasto.model.sound.ear import FILTERS, SPECTROGRAM, Ear
from impasto.model.sound.equalizer import equalized
from impasto.model.sound.files import Facts
from impasto.model.sound.limits import check_length

SILENT = 2**-16
"""Of full scale, half a step of 16 bits: a channel that never goes beyond is silent."""
LOUDNESS = 0.1
"""Root of the mean square at which sounds are compared, as music has it: log(1 + x) takes what is quiet for something
else, and how loud a file is is nobody's style."""


class Silent(InvalidValue):
    """A sound in which nothing is heard."""


class SoundTransfer:
    """A sound and what it is to be like, ready to become one.

    content, style: waveforms (C, T) at the configuration's rate. Channels of the content are made together, each for
    itself, and those that are silent stay so; the style is that of all of its channels that are not.
    ear: of the same configuration. Raises Silent, TooShort, TooLarge.
    """

    def __init__(self, content: Tensor, style: Tensor, ear: Ear, config: SoundConfig | None = None) -> None:
        self.config = config = config or SoundConfig()
        self._ear, device = ear, ear.window.device
        self._silence, self._heard = torch.zeros_like(content), _heard(content)
        with about("content"):
            content, self._level = _prepared(content, ear, config, config.optimizer)
        with about("style"):
            style, _ = _prepared(style, ear, config, None)
        content, style = content.to(device), style.to(device)
        with torch.no_grad():
            heard, grams = ear(content), gram(ear(style)[FILTERS])
        self._terms: list[Term] = [
            ContentTerm(SPECTROGRAM, heard[SPECTROGRAM], config.content_weight),
            StyleTerm(FILTERS, grams, torch.ones(1, device=device), config.style_weight),
        ]
        of_silence = config.content_weight + config.style_weight
        far = sum(summed(self._terms, content, heard).values()) > of_silence
        self._start = equalized(content, style, ear.window, config.hop) if far else content

    @property
    def steps(self) -> int:
        """At the most."""
        return self.config.stop.steps

    def run(self) -> Iterator[DescentStep]:
        """Make the sound, step by step. Raises Diverged."""
        return descend(self.losses, self._start, optimizer=self.config.optimizer, stop=self.config.stop)

    def losses(self, sound: Tensor) -> dict[str, Tensor]:
        """What is minimised: of the channels that are heard, (C', T), at LOUDNESS -> content and style, weighted."""
        return summed(self._terms, sound, self._ear(sound))

    def sound(self, progress: DescentStep) -> Tensor:
        """The waveform (C, T) after a step, at the content's loudness, on the CPU. It may go beyond [-1, 1]."""
        made = self._silence.clone()
        made[self._heard] = self._level * progress.variable.cpu()
        return made


def _heard(sound: Tensor) -> Tensor:
    """Which channels are heard, (C,)."""
    return sound.abs().amax(dim=1) > SILENT


def _prepared(sound: Tensor, ear: Ear, config: SoundConfig, optimizer: Optimizer | None) -> tuple[Tensor, Tensor]:
    """The channels of a sound that are heard, at LOUDNESS, and by what they were louder."""
    sound = sound[_heard(sound)]
    if not len(sound):
        raise Silent("it is silent")
    channels, frames = sound.shape
    check_length(Facts(channels, frames, config.sample_rate), ear, config, optimizer)
    level = sound.square().mean().sqrt() / LOUDNESS
    return sound / level, level
