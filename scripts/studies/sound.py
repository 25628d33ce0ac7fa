"""How near one sound comes to the manner of another, what it keeps of itself, and how long that takes.

    python -m impasto.scripts.studies.sound make --sounds sounds/
    python -m impasto.scripts.studies.sound compare --sounds sounds/ --output docs/images/sound.jpg
    python -m impasto.scripts.studies.sound filters --sounds sounds/
    python -m impasto.scripts.studies.sound seconds --sounds sounds/

The first synthesises the sounds with Debian's espeak-ng and sox. The second renders the figure of docs/sound.md and
prints its table, the others print theirs.
"""

from __future__ import annotations

import subprocess
import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from impasto.model.evaluation.report import table
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.device import device_name
from impasto.model.optimization.config import Stop
from impasto.model.perception.losses import gram, relative_error
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.sound import files
from impasto.model.sound.config import SoundConfig
from impasto.model.sound.ear import FILTERS, Ear
from impasto.model.sound.equalizer import equalized
from impasto.model.sound.spectrogram import spectrogram
from impasto.model.sound.transfer import LOUDNESS, SoundTransfer

PAIRS = ("speech", "organ"), ("speech", "rain"), ("melody", "drums")
"""Content and style."""
SECONDS = 10
ENDED = "pad", "0", "1", "trim", "0", f"{SECONDS}"
"""Effect of sox: as long as all others."""
TEXT = (
    "The rain had stopped before noon, and the children ran down to the harbour, where three old boats were waiting. "
    "Nobody spoke. Then the bells began to ring, slowly, one after the other."
)
NOTES = "A3 C4 E4 A4 G4 E4 C4 D4 F4 A4 D5 C5 A4 F4 E4 G#4 B4 E5 D5 B4"
CHORDS = (220, 277, 330, 440), (196, 247, 294, 392), (175, 220, 262, 349), (165, 208, 247, 330)
BAR = "kick", "hat", "snare", "hat", "kick", "kick", "snare", "hat"
DRUMS = {
    "kick": "sine 120:40 fade 0 0.25 0.2 gain -2",
    "hat": "whitenoise gain -6 highpass 4000 fade 0 0.06 0.05 pad 0 0.19 gain -4",
    "snare": "pinknoise fade 0 0.15 0.13 pad 0 0.1 gain -4",
}
JUDGE = SoundConfig(seed=1_000_003, stride=1)
"""Other filters than those that a sound was made for, everywhere: what it has learned of its own counts for nothing."""
LATEST = 0.2
"""Seconds by which beats are looked for, earlier and later."""
BLINK = 0.01
"""Seconds over which energy is summed."""


@dataclass(frozen=True)
class Make:
    """Synthesise the sounds."""

    sounds: Path

    def run(self) -> None:
        self.sounds.mkdir(parents=True, exist_ok=True)
        self._run("espeak-ng", "-v", "en-gb", "-s", "150", "-w", "spoken.wav", TEXT)
        self._run("sox", "-V1", "spoken.wav", "-r", "22050", "speech.wav", *ENDED)
        self._join("melody", [f"synth 0.5 pluck {note} fade 0 0.5 0.02 gain -6" for note in NOTES.split()])
        waves = [" ".join(f"saw {'mix ' if n else ''}{pitch}" for n, pitch in enumerate(chord)) for chord in CHORDS]
        self._join("organ", [f"synth 2.5 {each} gain -6 lowpass 2500 fade 0.05 2.5 0.1 gain -4" for each in waves])
        self._join("drums", [f"synth 0.25 {DRUMS[name]}" for name in BAR * 5])
        self._join("rain", [f"synth {SECONDS} pinknoise gain -6 highpass 400 tremolo 5 60 gain -3"])

    def _join(self, name: str, parts: list[str]) -> None:
        """Synthesise parts, and put them one after the other."""
        each = [f"{name}-{n}.wav" for n in range(len(parts))]
        for path, effects in zip(each, parts, strict=True):
            self._run("sox", "-V1", "-R", "-n", "-r", "22050", "-c", "1", path, *effects.split())
        self._run("sox", "-V1", *each, f"{name}.wav", *ENDED)
        for path in each:
            (self.sounds / path).unlink()

    def _run(self, *command: str) -> None:
        subprocess.run(command, cwd=self.sounds, check=True)


@dataclass(frozen=True)
class Compare:
    """Make the pairs, and compare them with what is easily had."""

    sounds: Path
    output: Path | None = None
    """The figure to write."""
    config: tyro.conf.OmitArgPrefixes[SoundConfig] = field(default_factory=SoundConfig)

    def run(self) -> None:
        keep_freed_memory()
        rate, cells, rows = self.config.sample_rate, [], []
        for names in PAIRS:
            content, style = (_read(self.sounds, name, rate) for name in names)
            made = {
                "content": content,
                "style": style,
                "mixed": content + style,
                "equalized": equalized(content, style, torch.hann_window(self.config.window), self.config.hop),
                "made": transferred(content, style, self.config),
            }
            judged = judge(content, style, made)
            for name, sound in made.items():
                distance, error = judged[name]
                alike, late = aligned(content, sound, rate)
                what = f"{names[0]} like {names[1]}"
                rows.append((what, name, f"{distance:.2f}", f"{error:.2f}", f"{alike:.2f}", f"{1000 * late:+.0f} ms"))
                print(*rows[-1], flush=True)
            for caption, name in (names[0], "content"), (names[1], "style"), (what, "made"):
                cells.append((caption, spectrogram(made[name], rate, 120, 320)))
        print("\n" + table(("", "", "D", "C", "beats", "late by"), rows))
        if self.output is not None:
            contact_sheet(cells, columns=3).save(self.output, quality=85)


@dataclass(frozen=True)
class Filters:
    """Compare how many filters there are, and how often they listen, by what others hear."""

    sounds: Path
    pair: tuple[str, str] = PAIRS[0]
    choices: tuple[tuple[int, int], ...] = ((256, 1), (1024, 1), (2048, 2), (4096, 4))
    """Filters and stride."""
    steps: int = 50

    def run(self) -> None:
        keep_freed_memory()
        config = SoundConfig(stop=Stop(self.steps))
        content, style = (_read(self.sounds, name, config.sample_rate) for name in self.pair)
        rows = []
        for filters, stride in self.choices:
            chosen = replace(config, filters=filters, stride=stride)
            began = time.process_time()
            made = transferred(content, style, chosen)
            took = time.process_time() - began
            own, other = (judge(content, style, {"": made}, each)[""] for each in (chosen, JUDGE))
            rows.append((f"{filters}", f"{stride}", f"{own[0]:.3f}", *(f"{each:.3f}" for each in other), f"{took:.0f}"))
            print(*rows[-1], flush=True)
        print("\n" + table(("filters", "stride", "D as they hear it", "D", "C", "seconds of the CPU"), rows))


@dataclass(frozen=True)
class Seconds:
    """Time a pair."""

    sounds: Path
    pair: tuple[str, str] = PAIRS[0]
    config: tyro.conf.OmitArgPrefixes[SoundConfig] = field(default_factory=SoundConfig)

    def run(self) -> None:
        keep_freed_memory()
        content, style = (_read(self.sounds, name, self.config.sample_rate) for name in self.pair)
        began, worked = time.perf_counter(), time.process_time()
        transferred(content, style, self.config)
        took, worked = time.perf_counter() - began, time.process_time() - worked
        print(f"{device_name(torch.device('cpu'))}: {took:.1f} s, {worked:.1f} s of all cores together")


def transferred(content: Tensor, style: Tensor, config: SoundConfig) -> Tensor:
    """What `impasto sound` makes."""
    transfer = SoundTransfer(content, style, Ear(config), config)
    return transfer.sound(deque(transfer.run(), maxlen=1).pop())


@torch.no_grad()
def judge(
    content: Tensor, style: Tensor, sounds: dict[str, Tensor], config: SoundConfig = JUDGE
) -> dict[str, tuple[float, float]]:
    """D, how far each sound is from the style, and C, from the content: as for pictures, and all equally loud."""
    ear = Ear(config)
    kept, wanted = _heard(ear, content), gram(_heard(ear, style))
    found = {}
    for name, sound in sounds.items():
        heard = _heard(ear, sound)
        found[name] = float(relative_error(gram(heard), wanted)), float(relative_error(heard, kept))
    return found


def aligned(content: Tensor, sound: Tensor, rate: int) -> tuple[float, float]:
    """How well energy rises and falls as in the content, at best 1, and how many seconds later."""
    length, reach = round(BLINK * rate), round(LATEST / BLINK)
    first, second = (_energy(each, length) for each in (content, sound))
    shifted = F.conv1d(F.pad(second, (reach, reach))[None, None], first[None, None])[0, 0]
    best = int(shifted.argmax())
    return float(shifted[best]), (best - reach) * BLINK


def _energy(sound: Tensor, length: int) -> Tensor:
    """Of each blink, (N,): with mean 0 and norm 1."""
    energy = F.avg_pool1d(sound.square().mean(dim=0)[None], length)[0].sqrt()
    return F.normalize(energy - energy.mean(), dim=0)


def _heard(ear: Ear, sound: Tensor) -> Tensor:
    heard: Tensor = ear(sound * (LOUDNESS / sound.square().mean().sqrt()))[FILTERS]
    return heard


def _read(folder: Path, name: str, rate: int) -> Tensor:
    """A sound of the folder, as loud as all others."""
    sound = files.read(folder / f"{name}.wav", rate)
    return sound * (LOUDNESS / sound.square().mean().sqrt())


if __name__ == "__main__":
    tyro.cli(Make | Compare | Filters | Seconds, description=__doc__).run()
