"""How large strokes are: what is a stroke, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from impasto.model.errors import InvalidValue
from impasto.model.painting.stroke import check_stroke, parse_stroke

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("text", "stroke"), [("0.25", 0.25), ("1", 1.0), ("4", 4.0), ("native", "native")])
def test_a_stroke_is_a_number_or_native(text: str, stroke: float | str) -> None:
    assert parse_stroke(text) == stroke == check_stroke(stroke)


@pytest.mark.parametrize(
    "text", ["0", "-1", "0.249", "4.001", "100", "nan", "inf", "-inf", "big", "", "Native", "9" * 99]
)
def test_what_is_none_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^stroke is a number from 0.25 to 4, or native, not ") as refusal:
        parse_stroke(text)
    assert len(str(refusal.value)) < 100


def test_a_stroke_needs_no_torch() -> None:
    program = "import sys, impasto.model.painting.stroke; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
