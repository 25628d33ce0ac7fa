"""The network and its styles for other programs, on the command line."""

from __future__ import annotations

import gzip
import json
import os
import resource
from dataclasses import asdict
from pathlib import Path

import onnx
import pytest
import structlog

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.styles.pack import StylePack
from impasto.model.styles.style import Style
from tests.commands import Result, impasto


def export(output: Path, *arguments: object) -> Result:
    return impasto("export", "--format", "onnx", "-o", output, *arguments)


def test_network_and_styles_lie_side_by_side_and_say_what_they_are(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    output = tmp_path / "device" / "tiny.onnx"
    result = export(output, "--checkpoint", tiny_checkpoint_file)
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads((output.parent / "tiny-styles.json").read_bytes())
    assert [style["id"] for style in facts.pop("styles")] == [*tiny_checkpoint.styles.ids]
    assert facts["network_id"] == tiny_checkpoint.network_id
    assert (facts["style_size"], facts["canonical"]) == (tiny_checkpoint.network.style_size, 512)
    assert facts["licence"] == ""  # whoever trained it knows
    assert facts.pop("strokes") == asdict(tiny_checkpoint.strokes)
    model = onnx.load(output)
    assert {each.key: each.value for each in model.metadata_props} == {name: str(fact) for name, fact in facts.items()}
    assert [value.name for value in model.graph.output] == ["painting", "statistics"]


def test_the_small_network_is_a_file_of_its_own(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    small = tiny_checkpoint.of("small")
    result = export(tmp_path / "tiny.onnx", "--small", "--checkpoint", tiny_checkpoint_file)
    assert (result.returncode, result.stderr) == (0, "")
    facts = json.loads((tmp_path / "tiny-styles.json").read_bytes())
    assert (facts["network_id"], facts["style_size"]) == (small.network_id, small.network.style_size)
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(tiny_checkpoint_file.read_bytes())
    result = export(tmp_path / "none.onnx", "--small", "--checkpoint", alone)
    assert result.returncode == 1
    assert "there is no small network beside this one" in result.stderr
    assert not (tmp_path / "none.onnx").exists()


def test_a_network_can_be_given_statistics(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    export(tmp_path / "tiny.onnx", "--statistics", "given", "--checkpoint", tiny_checkpoint_file)
    inputs = onnx.load(tmp_path / "tiny.onnx").graph.input
    assert [value.name for value in inputs] == ["image", "style", "statistics"]


def test_styles_that_were_added_to_the_service_are_exported_too(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPASTO_CHECKPOINT", str(tiny_checkpoint_file))
    monkeypatch.setenv("IMPASTO_DATA_DIR", str(tmp_path / "data"))
    pack = StylePack(Style("my-style", "Mine"), tiny_checkpoint.styles.vectors[0], tiny_checkpoint.network_id)
    (tmp_path / "pack.safetensors").write_bytes(pack.to_bytes())
    assert impasto("styles", "import", tmp_path / "pack.safetensors").returncode == 0
    result = export(tmp_path / "tiny.onnx")
    structlog.reset_defaults()
    assert result.returncode == 0, result.stderr
    styles = json.loads((tmp_path / "tiny-styles.json").read_bytes())["styles"]
    assert [style["id"] for style in styles] == [*tiny_checkpoint.styles.ids, "my-style"]


def test_the_shipped_network_and_its_styles_are_a_small_download_with_their_licence(tmp_path: Path) -> None:
    network, styles = tmp_path / "impasto.onnx", tmp_path / "impasto-styles.json"
    assert export(network, "--checkpoint", SHIPPED).returncode == 0
    assert json.loads(styles.read_bytes())["licence"] == "Apache-2.0"
    assert sum(len(gzip.compress(path.read_bytes())) for path in (network, styles)) <= 3.6e6


def test_what_cannot_be_exported_is_said_in_a_line(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    damaged, file, device = (tmp_path / name for name in ("damaged.safetensors", "file", "device"))
    damaged.write_bytes(tiny_checkpoint_file.read_bytes()[:-100])
    file.touch()
    os.mkfifo(device)
    for output, source, fault in (
        (tmp_path / "out.onnx", tmp_path / "nothing", f"there is no checkpoint at {tmp_path / 'nothing'}"),
        (tmp_path / "out.onnx", damaged, f"{damaged} is damaged"),
        (tmp_path / "out.onnx", file, f"{file} is damaged"),
        (tmp_path, tiny_checkpoint_file, f"{tmp_path} is a folder"),
        (file / "out.onnx", tiny_checkpoint_file, str(file)),
        (device, tiny_checkpoint_file, f"Not a file that could be replaced: '{device}'"),
    ):
        result = export(output, "--checkpoint", source)
        assert result.returncode == 1 and fault in result.stderr
        assert result.stderr.startswith("impasto export: ") and result.stderr.count("\n") == 1
    assert {*tmp_path.iterdir()} == {damaged, file, device}


def test_on_a_full_disk_what_was_exported_before_stays(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    network, styles = tmp_path / "out.onnx", tmp_path / "out-styles.json"
    assert export(network, "--checkpoint", tiny_checkpoint_file).returncode == 0
    before = {path: path.read_bytes() for path in (network, styles)}
    soft, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        result = export(network, "--checkpoint", tiny_checkpoint_file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, most))
    assert (result.returncode, result.stderr) == (1, f"impasto export: [Errno 27] File too large: '{network}'\n")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_formats_that_are_not_written_are_refused_with_those_that_are(tmp_path: Path) -> None:
    result = impasto("export", "--format", "tflite", "-o", tmp_path / "impasto.tflite")
    assert result.returncode == 2 and "onnx" in result.stderr
