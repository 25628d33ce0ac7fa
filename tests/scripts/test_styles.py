"""Styles on the command line: those of the service, and those of a checkpoint by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from torch import Tensor

from impasto.app.styles.catalogue import BuiltInStyle
from impasto.app.styles.store import StyleExists
from impasto.model.errors import InvalidValue
from impasto.model.fitting.content import crops
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.style_network import StyleNetwork
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import ForeignPack, StylePack
from impasto.model.styles.style import Style
from impasto.model.styles.table import UnknownStyle
from impasto.scripts import migrating
from impasto.scripts.styles import Export, Import, List, Migrate, Preview, Remove, Show, run
from tests.pictures import encoded, opened, painting


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


# From a former network


@pytest.fixture
def former(tiny_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A former network, with a style that was added to its file."""
    monkeypatch.setattr(migrating, "crops", lambda count=4, side=64, seed=0: crops(count=count, side=64, seed=seed))
    network = StyleNetwork(tiny_checkpoint.network.config)
    network.load_state_dict({name: 1.02 * value for name, value in tiny_checkpoint.network.state_dict().items()})
    added = tiny_checkpoint.styles.joined([Style("my-style", "My Style")], [tiny_checkpoint.styles.vectors.mean(dim=0)])
    path = tmp_path / "former.safetensors"
    checkpoint.save(Checkpoint(network.requires_grad_(False), added), path)
    return path


def test_styles_come_over_from_a_former_network_once(
    where: Path | None, former: Path, tmp_path: Path, tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "mine.safetensors"
    run(Export("my-style", pack, checkpoint=former))
    with pytest.raises(ForeignPack):
        run(Import((pack,), checkpoint=where))
    packs = (pack,) if where is None else ()  # all that the file has, and this one has not
    run(Migrate(former, packs, checkpoint=where, device="cpu"))
    assert said(capsys)[-1].startswith("my-style: learned from what network")
    run(Export("my-style", tmp_path / "moved.safetensors", checkpoint=where))
    moved = tiny_checkpoint.read_pack((tmp_path / "moved.safetensors").read_bytes())
    assert moved.style.title == "My Style" and moved.preview and moved.small
    run(Migrate(former, packs, checkpoint=where, device="cpu"))
    again = said(capsys)[-1]
    assert again == "my-style: there already" if packs else again.startswith("nothing was added to network")


@pytest.mark.parametrize("where", ["service"], indirect=True)
def test_a_service_whose_network_was_replaced_says_so_and_brings_its_styles_over(
    where: None, former: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pack = tmp_path / "mine.safetensors"
    run(Export("my-style", pack, checkpoint=former))
    with monkeypatch.context() as before:
        own = checkpoint.load(former)
        checkpoint.save(own.without("my-style"), tmp_path / "served.safetensors")
        before.setenv("IMPASTO_CHECKPOINT", str(tmp_path / "served.safetensors"))
        run(Import((pack,)))
    assert said(capsys) == ["my-style"]
    run(List())
    listed = capsys.readouterr()
    assert "my-style" not in listed.out
    assert "styles of other networks are not painted; see impasto styles migrate" in listed.err
    run(Migrate(tmp_path / "served.safetensors", device="cpu"))
    capsys.readouterr()
    run(List())
    listed = capsys.readouterr()
    assert listed.out.splitlines()[-1].startswith("my-style")
    assert "not painted" not in listed.err


@pytest.mark.parametrize("where", ["checkpoint"], indirect=True)
def test_a_style_whose_painting_is_there_is_fitted_to_it(
    where: Path,
    former: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    vgg_weights: dict[str, Tensor],
) -> None:
    monkeypatch.setattr(migrating, "load_weights", lambda *_: vgg_weights)
    paintings = tmp_path / "paintings"
    paintings.mkdir()
    (paintings / "my-style.png").write_bytes(encoded(painting()))
    run(Migrate(former, paintings=paintings, checkpoint=where, device="cpu"))
    assert "learned from" not in said(capsys)[-1]
    assert "my-style" in checkpoint.load(where).styles


def test_nothing_to_bring_over_is_said(
    where: Path | None, former: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.safetensors"
    checkpoint.save(checkpoint.load(former).without("my-style"), empty)
    run(Migrate(empty, checkpoint=where, device="cpu"))
    assert said(capsys) == [f"nothing was added to network {checkpoint.load(former).network_id} that is not here"]
