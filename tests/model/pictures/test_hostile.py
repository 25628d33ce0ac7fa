"""What somebody makes up to break a decoder is a right picture or a named error, soon and in little memory."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.hostile.case import Case
from tests.hostile.files import KINDS

SECONDS, MEGABYTES = 2.0, 200
"""Of computing, and beside what the process had: no file of half a megapixel takes more."""
MEMORY, PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses, or reads all the same
@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_file_is_a_right_picture_or_a_named_error(kind: str) -> None:
    cases = list(KINDS[kind]())
    assert len({case.name for case in cases}) == len(cases)
    assert not {case.name: fault for case in cases if (fault := measured(case))}


def measured(case: Case) -> str | None:
    """The fault of a case, and what it takes if that is too much."""
    if PEAK.exists():
        PEAK.write_text("5")  # the highest is what it is now
    started, before = time.thread_time(), size("VmRSS")
    fault = case.fault()
    seconds, megabytes = time.thread_time() - started, size("VmHWM") - before
    if seconds > SECONDS or megabytes > MEGABYTES:
        return f"{seconds:.1f} s, {megabytes} MB"
    return fault


def size(of: str) -> int:
    """Megabytes of this process; 0 where nobody tells."""
    return int(re.findall(rf"{of}:\s+(\d+)", MEMORY.read_text())[0]) // 1000 if PEAK.exists() else 0
