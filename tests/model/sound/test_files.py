"""Sound files of every kind, and those that are none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from impasto.model.sound.files import FORMATS, PEAK, Facts, SoundError, encode, facts, limited, read
from tests.model.sound.sounds import beats, tone

STEREO = torch.cat([tone(500, rate=22050), beats(rate=22050)])


def file(
    path: Path, sound: Tensor = STEREO, rate: int = 22050, *, format: str = "WAV", subtype: str | None = None
) -> Path:
    soundfile.write(path, sound.T.numpy(), rate, format=format, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("format", "subtype", "error"),
    [
        ("WAV", "PCM_U8", 1 / 128),
        ("WAV", "PCM_16", 1 / 32768),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 1e-7),
        ("AIFF", "PCM_16", 1 / 32768),
        ("FLAC", "PCM_24", 1e-6),
        ("OGG", "VORBIS", 0.3),  # of noise; what is heard is much nearer
        ("MP3", None, 0.3),
    ],
)
def test_every_format_and_depth_is_read(tmp_path: Path, format: str, subtype: str | None, error: float) -> None:
    path = file(tmp_path / "sound", format=format, subtype=subtype)
    assert facts(path) == Facts(2, 22050, 22050)
    sound = read(path, 22050)
    assert sound.dtype == torch.float32
    assert (sound - STEREO).abs().max() <= error


@pytest.mark.parametrize("own", [8000, 11025, 44100, 48000, 96000])
def test_other_rates_become_the_one_that_is_asked_for(tmp_path: Path, own: int) -> None:
    path = file(tmp_path / "sound", tone(500, rate=own), own)
    sound = read(path, 22050)
    assert facts(path).seconds == 1 and sound.shape == (1, 22050)
    middle = slice(2000, -2000)
    assert (sound - tone(500, rate=22050))[:, middle].abs().max() < 1e-3


def test_floats_beyond_full_scale_are_kept(tmp_path: Path) -> None:
    assert read(file(tmp_path / "sound", 5 * STEREO, subtype="FLOAT"), 22050).abs().max() > 1.4


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_refused(tmp_path: Path, wrong: float) -> None:
    broken = STEREO.clone()
    broken[1, 700] = wrong
    with pytest.raises(SoundError, match="not all of its samples are numbers"):
        read(file(tmp_path / "sound", broken, subtype="FLOAT"), 22050)


def text(path: Path) -> None:
    path.write_text("no sound at all\n" * 9)


def nothing(path: Path) -> None:
    path.touch()


def header_alone(path: Path) -> None:
    file(path, STEREO[:, :0])


def cut_within_its_header(path: Path) -> None:
    path.write_bytes(file(path).read_bytes()[:30])


@pytest.mark.parametrize("make", [text, nothing, header_alone, cut_within_its_header])
def test_what_has_no_sound_is_refused_with_its_name(tmp_path: Path, make: object) -> None:
    path = tmp_path / "sound.wav"
    make(path)  # type: ignore[operator]
    with pytest.raises(SoundError, match=r"sound\.wav: (no sound can be read from it|there is no sound in it)"):
        facts(path)


def test_a_file_that_ends_too_soon_is_what_there_is_of_it(tmp_path: Path) -> None:
    path = file(tmp_path / "sound", subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:20_000])
    found = facts(path)
    assert 4900 < found.samples < 5000 and read(path, 22050).shape == (2, found.samples)


def test_a_missing_file_and_a_folder_are_the_systems_own_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        facts(tmp_path / "missing.wav")
    with pytest.raises(IsADirectoryError):
        facts(tmp_path)


def test_what_is_too_loud_is_turned_down_as_a_whole_and_the_rest_left_alone() -> None:
    loud = limited(10 * STEREO)
    assert loud.abs().max() == pytest.approx(PEAK)
    torch.testing.assert_close(loud / loud.abs().max(), STEREO / STEREO.abs().max())
    assert torch.equal(limited(STEREO), STEREO)
    assert not limited(torch.zeros(1, 9)).any()


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_can_be_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sound{suffix}"
    path.write_bytes(encode(STEREO, 22050, suffix))
    assert (read(path, 22050) - STEREO).abs().mean() < 0.02
    lossless = suffix in (".wav", ".flac")
    assert (soundfile.info(path).subtype == "PCM_24") == lossless


def test_a_format_that_cannot_hold_a_sound_is_refused() -> None:
    with pytest.raises(SoundError, match=r"\.mp3 cannot hold 3 channels of 22050 .*; choose .wav"):
        encode(torch.zeros(3, 22050), 22050, ".mp3")
    assert soundfile.info(io.BytesIO(encode(torch.zeros(3, 22050), 22050, ".wav"))).channels == 3
