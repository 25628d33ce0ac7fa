"""Styles on the command line: those of the service, and those of a checkpoint by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from impasto.app.styles.catalogue import BuiltInStyle
from impasto.app.styles.store import StyleExists
from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import StylePack
from impasto.model.styles.style import Style
from impasto.model.styles.table import UnknownStyle
from impasto.scripts.styles import Export, Import, List, Preview, Remove, Show, run
from tests.pictures import opened


@pytest.fixture(params=["service", "checkpoint"])
def where(
    request: pytest.FixtureRequest, tiny_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path | None]:
    """The --checkpoint of a command: none for the service's styles."""
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(tiny_checkpoint, path)
    monkeypatch.setenv("IMPASTO_CHECKPOINT", str(path))
    monkeypatch.setenv("IMPASTO_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IMPASTO_DEVICE", "cpu")
    yield path if request.param == "checkpoint" else None
    structlog.reset_defaults()


@pytest.fixture
def pack(tiny_checkpoint: Checkpoint, tmp_path: Path) -> Path:
    """A style pack of a style that is not in the checkpoint."""
    style = Style("my-style", "My Style", "Zoë")
    vector = tiny_checkpoint.styles.vectors.mean(dim=0)
    path = tmp_path / "pack.safetensors"
    path.write_bytes(StylePack(style, vector, tiny_checkpoint.network_id, FitRecord(losses={"error": 0.5})).to_bytes())
    return path


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_styles_come_and_go(where: Path | None, pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(Import((pack,), checkpoint=where))
    assert said(capsys) == ["my-style"]
    run(List(checkpoint=where))
    assert said(capsys)[-2:] == ["the-scream    The Scream, Edvard Munch, 1893", "my-style      My Style, Zoë"]
    with pytest.raises(StyleExists, match="my-style"):
        run(Import((pack,), checkpoint=where))
    run(Remove(("my-style",), checkpoint=where))
    with pytest.raises(UnknownStyle, match="my-style"):
        run(Remove(("my-style",), checkpoint=where))


def test_what_is_known_of_a_style_is_shown(where: Path | None, pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(Show("great-wave", checkpoint=where))
    assert "artist          Hokusai" in said(capsys)


def test_a_style_travels_as_a_pack(where: Path | None, pack: Path, tmp_path: Path, tiny_checkpoint: Checkpoint) -> None:
    output = tmp_path / "exported.safetensors"
    size = tiny_checkpoint.network.style_size
    run(Import((pack,), checkpoint=where))
    for row, style_id in ((0, "great-wave"), (None, "my-style")):
        run(Export(style_id, output, checkpoint=where))
        exported = StylePack.from_bytes(output.read_bytes(), network_id=tiny_checkpoint.network_id, style_size=size)
        assert exported.style.id == style_id and exported.preview.startswith(b"\xff\xd8")
        assert row is None or exported.vector.equal(tiny_checkpoint.styles.vectors[row])


def test_a_preview_is_a_picture(where: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(Preview("great-wave", checkpoint=where))
    assert opened((tmp_path / "great-wave.jpg").read_bytes()).format == "JPEG"


@pytest.mark.parametrize("where", ["service"], indirect=True)
def test_styles_of_the_network_stay_in_the_service(where: Path | None) -> None:
    with pytest.raises(BuiltInStyle, match="great-wave"):
        run(Remove(("great-wave",), checkpoint=where))


@pytest.mark.parametrize("where", ["checkpoint"], indirect=True)
def test_a_checkpoint_keeps_a_style(where: Path) -> None:
    run(Remove(("great-wave", "starry-night"), checkpoint=where))
    assert checkpoint.load(where).styles.ids == ("the-scream",)
    with pytest.raises(InvalidValue, match="the only style"):
        run(Remove(("the-scream",), checkpoint=where))
