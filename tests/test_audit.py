"""What `make check` says of known vulnerabilities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "audit.py"
GOOD: dict[str, Any] = {"name": "good", "version": "1", "vulns": []}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found"}
VULNERABLE = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


def audit(folder: Path, code: int, printed: str, errors: str = "") -> tuple[int, str]:
    """How a check ends whose pip-audit answers that."""
    program = folder / "pip-audit"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint({errors!r}, file=sys.stderr)\n")
    with program.open("a") as script:
        script.write(f"sys.stdout.write({printed!r})\nsys.exit({code})\n")
    program.chmod(0o755)
    result = subprocess.run([sys.executable, SCRIPT, program], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ([GOOD], 0, "1 of 1 packages checked"),
        ([GOOD, VULNERABLE], 1, "bad 2: CVE-1, mended in ['3']"),
        ([GOOD, UNKNOWN], 0, "does not know them: unknown"),
        ([UNKNOWN, VULNERABLE], 1, "1 of 2 packages checked"),
    ],
)
def test_what_is_vulnerable_fails_and_what_is_not_checked_is_said(
    tmp_path: Path, packages: list[dict[str, Any]], code: int, told: str
) -> None:
    ended, said = audit(tmp_path, code, json.dumps({"dependencies": packages}))
    assert ended == code and told in said


def test_a_list_that_nobody_can_reach_is_no_failure_and_a_mistake_is_one(tmp_path: Path) -> None:
    ended, said = audit(tmp_path, 1, "", "requests.exceptions.ConnectionError: no route to host")
    assert ended == 0 and "nothing was checked" in said and "no route to host" in said
    ended, said = audit(tmp_path, 1, "", "no such file: requirements.txt")
    assert ended == 1 and "no such file" in said
