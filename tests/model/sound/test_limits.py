"""How long a sound may be."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.model.optimization.memory import TooLarge
from impasto.model.sound import limits
from impasto.model.sound.ear import Ear
from impasto.model.sound.files import Facts
from impasto.model.sound.limits import TooLong, TooShort, check_length
from tests.model.sound.sounds import RATE, TINY

ROOT = Path(__file__).parents[3]


def check(seconds: float, *, channels: int = 1, rate: int = RATE, longest: float = math.inf) -> None:
    check_length(Facts(channels, round(seconds * rate), rate), Ear(TINY), TINY, "lbfgs", longest=longest)


def test_more_than_the_longest_is_refused_with_what_that_is() -> None:
    check(2, longest=2)
    with pytest.raises(TooLong, match=r"it has 2\.5 seconds, and more than 2 are not begun"):
        check(2.5, longest=2)


def test_a_file_at_another_rate_is_as_long_as_it_is() -> None:
    check(2, rate=44100, longest=2)
    with pytest.raises(TooShort, match=r"it has 0\.10 seconds, and at least 0\.16 are needed"):
        check(0.1, rate=44100)


def test_what_does_not_fit_into_memory_is_refused_with_what_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "memory_free", lambda device: 50_000_000)
    with pytest.raises(TooLarge, match=r"GB are free: about ([\d.]+) seconds fit") as refused:
        check(60, channels=2)
    fitting = re.search(r"about ([\d.]+) seconds fit", str(refused.value))
    assert fitting is not None
    check(0.9 * float(fitting[1]), channels=2)
    with pytest.raises(TooLarge):
        check(1.1 * float(fitting[1]), channels=2)


MEASURED = """
import torch
from collections import deque
from pathlib import Path
from dataclasses import replace
from impasto.model.optimization.config import Stop
from impasto.model.sound import limits
from impasto.model.sound.ear import Ear
from impasto.model.sound.transfer import SoundTransfer
from tests.model.sound.sounds import RATE, TINY, beats

def peak():  # not getrusage, which begins with what the parent had
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

torch.set_num_threads(1)
said = []
of_memory = limits.memory_to_change
limits.memory_to_change = lambda *arguments: said.append(of_memory(*arguments)) or said[-1]
config = replace(TINY, filters=512, optimizer="adam", stop=Stop(steps=2))
ear = Ear(config)

def take(seconds):
    sound = beats(seconds)
    deque(SoundTransfer(sound, sound.flip(1), ear, config).run(), maxlen=1)

take(1)  # what libraries take for themselves
before = peak()
take(90)
print((peak() - before) / max(said))
"""


def test_no_more_is_taken_than_was_said() -> None:
    result = subprocess.run([sys.executable, "-c", MEASURED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0.3 < float(result.stdout) <= 1
