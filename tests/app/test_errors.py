"""Every error has its problem."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNANSWERED = """
import impasto.app.main
from impasto.app.errors import CODES
from impasto.model.errors import ImpastoError, InvalidValue

def walk(kind):
    for each in kind.__subclasses__():
        yield each
        yield from walk(each)

# of a fresh process, which has imported what serves and nothing else
print([kind.__qualname__ for kind in walk(ImpastoError) if not any(each in CODES for each in kind.__mro__)])
"""


def test_every_error_that_the_service_can_raise_has_a_status_and_a_code() -> None:
    found = subprocess.run([sys.executable, "-c", UNANSWERED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
