"""Sound files ↔ waveforms: whatever libsndfile reads, at the rate that is asked for.

A waveform is float32, (channels, samples), with full scale at ±1. Files of floats may go beyond.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from impasto.model.errors import ImpastoError

if TYPE_CHECKING:
    import soundfile

# soundfile and soxr are of the extra `audio`: imported where they are used, after `check_packages`.

FORMATS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", None)}
"""How a file's name ends -> libsndfile's names of its format, and of a sample's: 24 bits, which need no dither."""
PEAK = 0.98
"""Of full scale, which no sample goes beyond that is written. The rest is for what MP3 and Vorbis add."""


class SoundError(ImpastoError):
    """A file that holds no sound that can be used."""


@dataclass(frozen=True)
class Facts:
    """What there is of a sound."""

    channels: int
    samples: int
    """Of each channel."""
    rate: int
    """Samples a second."""

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


def facts(path: Path) -> Facts:
    """What a file says that there is in it; nothing is decoded. Raises SoundError, OSError."""
    with _opened(path) as file:
        return Facts(file.channels, file.frames, file.samplerate)


def read(path: Path, rate: int) -> Tensor:
    """A file's waveform (channels, samples) at a rate. Raises SoundError, OSError."""
    import soxr

    with _opened(path) as file:
        samples, own = file.read(dtype="float32", always_2d=True), file.samplerate
    sound = torch.from_numpy(samples)
    if not sound.isfinite().all():
        raise SoundError(f"{path}: not all of its samples are numbers; write it anew without NaN and infinity")
    if own != rate:
        sound = torch.from_numpy(soxr.resample(samples, own, rate))
    return sound.T.contiguous()


def limited(sound: Tensor) -> Tensor:
    """The waveform, all of it turned down where some of it is beyond what a file can hold: nothing is cut off."""
    return sound * (PEAK / sound.abs().max().clamp_min(PEAK))


def encode(sound: Tensor, rate: int, suffix: str) -> bytes:
    """A waveform (channels, samples) within ±1 as a file of the kind that is named so. Raises SoundError."""
    import soundfile

    container, subtype = FORMATS[suffix]
    data = io.BytesIO()
    try:
        soundfile.write(data, sound.T.numpy(), rate, format=container, subtype=subtype)
    except soundfile.LibsndfileError as error:
        raise SoundError(
            f"{suffix} cannot hold {len(sound)} channels of {rate} samples a second ({error.error_string}); choose .wav"
        ) from error
    return data.getvalue()


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    """A file that has sound in it."""
    import soundfile

    with path.open("rb") as data:  # which says better than libsndfile why it cannot be opened
        try:
            with soundfile.SoundFile(data) as file:
                if not file.frames:
                    raise SoundError(f"{path}: there is no sound in it")
                yield file
        except soundfile.LibsndfileError as error:
            raise SoundError(
                f"{path}: no sound can be read from it ({error.error_string.rstrip('.')}); "
                "convert it to WAV, FLAC, OGG or MP3"
            ) from error
