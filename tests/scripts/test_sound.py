"""Sounds, as a command makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from impasto.model.sound import packages
from impasto.model.sound.files import encode
from tests.commands import impasto
from tests.model.sound.sounds import RATE, beats, tone
from tests.pictures import opened


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two sounds, and with what is none."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "beats.wav").write_bytes(encode(beats(), RATE, ".wav"))
    (folder / "tone.flac").write_bytes(encode(tone(700), RATE, ".flac"))
    (folder / "long.wav").write_bytes(encode(tone(700, seconds=70), RATE, ".wav"))
    (folder / "silence.wav").write_bytes(encode(0 * beats(), RATE, ".wav"))
    (folder / "text.wav").write_text("no sound at all")
    (folder / "empty.wav").touch()
    (folder / "out.wav").mkdir()
    broken = np.full(RATE, np.nan, np.float32)
    soundfile.write(folder / "broken.wav", broken, RATE, subtype="FLOAT")
    return folder


SMALL = ["--sample-rate", RATE, "--window", 256, "--hop", 64, "--filters", 64, "--stride", 1, "--steps", 4]


def test_a_sound_is_made_and_shown(files: Path, tmp_path: Path) -> None:
    output, picture = tmp_path / "new" / "out.wav", tmp_path / "seen" / "out.png"
    options = [*SMALL, "--every", 2, "--spectrogram", picture, "-o", output]
    result = impasto("sound", files / "beats.wav", "--style", files / "tone.flac", *options)
    assert result.returncode == 0, result.stderr
    assert "content" in result.stdout and "style" in result.stdout
    assert sorted(path.name for path in output.parent.iterdir()) == ["out.00002.wav", "out.00004.wav", "out.wav"]
    made = soundfile.info(output)
    assert (made.frames, made.samplerate, made.channels, made.subtype) == (RATE, RATE, 1, "PCM_24")
    width, height = opened(picture.read_bytes()).size
    assert width > 800 and height > 600


def test_the_same_seed_is_the_same_file_and_another_is_not(files: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        impasto(
            *("sound", files / "beats.wav", "--style", files / "tone.flac", *SMALL),
            *("--seed", seed, "-o", tmp_path / f"{name}.wav"),
        )
    first, same, other = ((tmp_path / f"{name}.wav").read_bytes() for name in "abc")
    assert first == same != other


def test_what_would_be_too_loud_is_turned_down_and_said(files: Path, tmp_path: Path) -> None:
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, 20 * beats()[0].numpy(), RATE, subtype="FLOAT")
    result = impasto("sound", loud, "--style", files / "tone.flac", *SMALL, "-o", tmp_path / "out.flac")
    assert "dB, so that nothing is cut off" in result.stdout
    assert np.abs(soundfile.read(tmp_path / "out.flac")[0]).max() == pytest.approx(0.98, abs=1e-3)


@pytest.mark.parametrize(
    ("content", "style", "options", "fault"),
    [
        ("missing.wav", "tone.flac", [], "No such file"),
        ("text.wav", "tone.flac", [], "text.wav: no sound can be read from it"),
        ("beats.wav", "empty.wav", [], "empty.wav: no sound can be read from it"),
        ("broken.wav", "tone.flac", [], "broken.wav: not all of its samples are numbers"),
        ("silence.wav", "tone.flac", [], "content: it is silent"),
        ("beats.wav", "silence.wav", [], "style: it is silent"),
        ("long.wav", "tone.flac", [], "long.wav: it has 70.0 seconds, and more than 60 are not begun"),
        ("beats.wav", "long.wav", ["--longest", 69], "long.wav: it has 70.0 seconds"),
        ("beats.wav", "tone.flac", ["--every", 0], "--every is at least 1"),
        ("beats.wav", "tone.flac", ["--steps", 0], "steps are at least 1"),
        ("beats.wav", "tone.flac", ["--spectrogram", "seen.wav"], "pictures are written as"),
    ],
)
def test_what_cannot_be_made_is_one_line_that_says_why(
    files: Path, tmp_path: Path, content: str, style: str, options: list[object], fault: str
) -> None:
    result = impasto("sound", files / content, "--style", files / style, *SMALL, *options, "-o", tmp_path / "out.wav")
    assert result.returncode != 0
    assert fault in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.wav").exists()


def test_no_sound_overwrites_what_it_is_made_of(files: Path) -> None:
    before = (files / "beats.wav").read_bytes()
    result = impasto("sound", files / "beats.wav", "--style", files / "tone.flac", *SMALL, "-o", files / "beats.wav")
    assert "would be overwritten" in result.stderr and (files / "beats.wav").read_bytes() == before


@pytest.mark.parametrize(("name", "fault"), [("out.aac", "sounds are written as .wav, .flac"), ("out.wav", "a folder")])
def test_what_cannot_be_written_is_said_before_anything_is_made(files: Path, name: str, fault: str) -> None:
    result = impasto("sound", files / "beats.wav", "--style", files / "tone.flac", *SMALL, "-o", files / name)
    assert result.returncode != 0 and fault in result.stderr


def test_without_its_packages_the_command_says_what_to_install(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    result = impasto("sound", files / "beats.wav", "--style", files / "tone.flac", "-o", tmp_path / "out.wav")
    assert result.stderr == "impasto sound: sound needs more packages: pip install 'impasto[audio]'\n"
