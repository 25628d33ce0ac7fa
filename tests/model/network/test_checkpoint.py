"""The checkpoint: it says what it is, comes back as it was, and refuses what it is not."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from impasto.model.network.checkpoint import Checkpoint, CheckpointError, NoSmallNetwork, load, network_id, save
from impasto.model.network.config import NetworkConfig, StrokeConfig
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.training_record import TrainingRecord
from impasto.model.styles.pack import PackError
from impasto.model.styles.table import NoVector, StyleTable, UnknownStyle
from tests.networks import TINY_SMALL


def header_of(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def rewritten(
    source: Path, target: Path, header: Mapping[str, str] | None = None, tensors: Mapping[str, Tensor] | None = None
) -> Path:
    """A copy of a checkpoint with other header entries or tensors; not by `save`, which would not write lies."""
    save_file({**load_file(source), **(tensors or {})}, target, {**header_of(source), **(header or {})})
    return target


def test_a_checkpoint_comes_back_as_it_was(tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path) -> None:
    loaded = load(tiny_checkpoint_file)
    assert loaded.network.config == tiny_checkpoint.network.config
    assert loaded.styles.styles == tiny_checkpoint.styles.styles
    assert torch.equal(loaded.styles.vectors, tiny_checkpoint.styles.vectors)
    assert loaded.training == tiny_checkpoint.training
    assert loaded.strokes == tiny_checkpoint.strokes
    assert loaded.network_id == tiny_checkpoint.network_id


def test_a_loaded_network_paints_the_same(tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path) -> None:
    images, style = torch.rand(1, 3, 32, 40), tiny_checkpoint.styles.vectors[:1]
    loaded = load(tiny_checkpoint_file)
    assert torch.equal(loaded.network(images, style), tiny_checkpoint.network(images, style))


def test_the_header_has_everything_to_rebuild_and_to_cite(tiny_checkpoint_file: Path) -> None:
    header = header_of(tiny_checkpoint_file)
    assert (header["format"], header["version"]) == ("impasto-checkpoint", "1")
    assert json.loads(header["network"]) == {"widths": [4, 6, 8], "residual_blocks": 1}
    assert len(header["network_id"]) == 16
    assert json.loads(header["styles"])[0] == {
        "id": "great-wave",
        "title": "The Great Wave",
        "artist": "Hokusai",
        "year": "1831",
        "licence": "public domain",
        "source": "",
    }
    assert json.loads(header["training"]).keys() >= {"config", "steps", "losses", "revision"}


def test_the_style_table_and_the_convolutions_are_its_only_tensors(tiny_checkpoint_file: Path) -> None:
    tensors = load_file(tiny_checkpoint_file)
    assert tensors.pop("styles").shape == (3, 2 * (4 + 6 + 8 + 2 * 8 + 6 + 4 + 3))
    assert all(name.startswith("network.") and name.endswith("conv.weight") for name in tensors)


def test_names_in_other_letters_than_english_survive(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    table = tiny_checkpoint.styles
    styles = [replace(table.styles[0], title="神奈川沖浪裏", artist="葛飾 北斎"), *table.styles[1:]]
    save(replace(tiny_checkpoint, styles=StyleTable(styles, table.vectors)), tmp_path / "c.safetensors")
    assert load(tmp_path / "c.safetensors").styles.styles == tuple(styles)


def test_saving_makes_the_folder_and_leaves_a_file_for_each_network(
    tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    save(tiny_checkpoint, tmp_path / "both" / "c.safetensors")
    assert {path.name for path in (tmp_path / "both").iterdir()} == {"c.safetensors", "c-small.safetensors"}
    save(replace(tiny_checkpoint, small=None), tmp_path / "one" / "c.safetensors")
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["c.safetensors"]


def test_the_small_network_beside_a_checkpoint_comes_with_it(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    small = load(tiny_checkpoint_file).of("small")
    assert small.network_id == tiny_checkpoint.of("small").network_id != tiny_checkpoint.network_id
    assert small.network.config == TINY_SMALL
    assert small.styles.ids == tiny_checkpoint.styles.ids
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(tiny_checkpoint_file.read_bytes())
    assert load(alone).of("large").network_id == tiny_checkpoint.network_id
    with pytest.raises(NoSmallNetwork, match="no small network beside this one; paint with the large one"):
        load(alone).of("small")


def test_a_small_network_that_learned_from_another_is_refused_by_name(
    tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    stranger = replace(tiny_checkpoint.of("small"), training=TrainingRecord(teacher="0123456789abcdef"))
    save(replace(tiny_checkpoint, small=stranger), tmp_path / "c.safetensors")
    with pytest.raises(CheckpointError, match=r"c-small\.safetensors learned from network 0123456789abcdef, and .* is"):
        load(tmp_path / "c.safetensors")


def test_styles_come_and_go_in_both_networks(tiny_checkpoint: Checkpoint) -> None:
    small = tiny_checkpoint.of("small")
    pack = tiny_checkpoint.pack("great-wave", b"")
    assert pack.small
    both = replace(pack, style=replace(pack.style, id="both"))
    one = replace(pack, style=replace(pack.style, id="one"), small=None)
    former = replace(pack, style=replace(pack.style, id="former"), small=replace(pack.small, network_id="former"))
    more = tiny_checkpoint.joined([both, one, former])
    assert more.styles.ids == (*tiny_checkpoint.styles.ids, "both", "one", "former")
    assert more.of("small").styles.ids == (*small.styles.ids, "both")
    assert torch.equal(more.of("small").styles.blend({"both": 1}), small.styles.blend({"great-wave": 1}))
    for lacking in ("one", "former"):
        with pytest.raises(NoVector, match=f"{lacking} was fitted to the large network only"):
            more.of("small").styles.blend({lacking: 1})
    fewer = more.without("both").without("great-wave")
    assert "both" not in fewer.of("small").styles.ids
    with pytest.raises(UnknownStyle):
        fewer.of("small").styles.row("great-wave")
    with pytest.raises(NoVector):
        fewer.of("small").styles.row("one")


def test_a_packs_vector_for_the_small_network_has_its_length(tiny_checkpoint: Checkpoint) -> None:
    pack = tiny_checkpoint.pack("great-wave", b"")
    assert pack.small
    short = replace(pack, small=replace(pack.small, vector=pack.small.vector[1:]))
    with pytest.raises(PackError, match="vector for the small network has 57 numbers, not 58"):
        tiny_checkpoint.read_pack(short.to_bytes())
    foreign = replace(short, small=replace(pack.small, network_id="another"))
    assert tiny_checkpoint.read_pack(foreign.to_bytes()).small


def test_others_may_read_a_saved_checkpoint(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        save(tiny_checkpoint, tmp_path / "c.safetensors")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "c.safetensors").stat().st_mode) == 0o644


def test_a_failed_save_leaves_the_old_file(
    tiny_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.safetensors"
    save(tiny_checkpoint, path)
    whole = path.read_bytes()

    def disk_full(file: Path, data: bytes) -> int:
        with file.open("wb") as target:
            target.write(data[:100])
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(OSError, match="no space left"):
        save(tiny_checkpoint, path)
    assert path.read_bytes() == whole


def test_the_network_id_is_of_the_convolutions_alone(tiny_checkpoint: Checkpoint) -> None:
    other_styles = replace(tiny_checkpoint, styles=StyleTable([], torch.zeros(0, tiny_checkpoint.network.style_size)))
    assert other_styles.network_id == tiny_checkpoint.network_id
    assert int(tiny_checkpoint.network_id, 16) >= 0


def test_another_weight_is_another_network(tiny_checkpoint: Checkpoint) -> None:
    other = StyleNetwork(tiny_checkpoint.network.config)
    other.load_state_dict(tiny_checkpoint.network.state_dict())
    assert network_id(other) == tiny_checkpoint.network_id
    with torch.no_grad():
        next(other.parameters())[0, 0, 0, 0] += 1e-4
    assert network_id(other) != tiny_checkpoint.network_id


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*absent\.safetensors"):
        load(tmp_path / "absent.safetensors")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_a_file_cut_short_says_so(tiny_checkpoint_file: Path, tmp_path: Path, share: float) -> None:
    data = tiny_checkpoint_file.read_bytes()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors is damaged or no safetensors file"):
        load(cut)


@given(changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_file_is_a_checkpoint_error_or_harmless(
    tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]]
) -> None:
    damaged = bytearray(tiny_checkpoint_file.read_bytes())
    for place, value in changes:
        damaged[int(place**4 * (len(damaged) - 1))] = value  # mostly in the header
    path = tmp_path_factory.mktemp("damaged") / "damaged.safetensors"
    path.write_bytes(damaged)
    try:
        load(path)
    except CheckpointError as error:
        assert "damaged.safetensors" in str(error)  # noqa: PT017


def test_a_text_file_says_so(tmp_path: Path) -> None:
    text = tmp_path / "notes.safetensors"
    text.write_text("This is no checkpoint.\n" * 50)
    with pytest.raises(CheckpointError, match="damaged or no safetensors file"):
        load(text)


@pytest.mark.parametrize("header", [None, {"format": "pt"}, {"format": "impasto-style-pack", "version": "1"}])
def test_a_foreign_safetensors_file_says_so(tmp_path: Path, header: dict[str, str] | None) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "foreign.safetensors", header)
    with pytest.raises(CheckpointError, match="not an Impasto checkpoint"):
        load(tmp_path / "foreign.safetensors")


@pytest.mark.parametrize("version", ["2", "10", "x"])
def test_a_newer_version_says_so(tiny_checkpoint_file: Path, tmp_path: Path, version: str) -> None:
    newer = rewritten(tiny_checkpoint_file, tmp_path / "newer.safetensors", {"version": version})
    with pytest.raises(CheckpointError, match=f"checkpoint format {version}; this code reads 1. Update Impasto"):
        load(newer)


def test_a_changed_style_vector_is_found_out(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    vectors = tiny_checkpoint.styles.vectors.clone()
    vectors[0, 0] += 1
    tampered = rewritten(tiny_checkpoint_file, tmp_path / "t.safetensors", tensors={"styles": vectors})
    with pytest.raises(CheckpointError, match="not those that were saved"):
        load(tampered)


def test_tampered_convolutions_are_found_out(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    name = "network.encoder.0.conv.weight"
    weight = load_file(tiny_checkpoint_file)[name]
    tampered = rewritten(tiny_checkpoint_file, tmp_path / "t.safetensors", tensors={name: weight * 1.001})
    with pytest.raises(CheckpointError, match="not those of its network id"):
        load(tampered)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_style_vectors_that_are_not_finite_are_refused(
    tiny_checkpoint_file: Path, tmp_path: Path, value: float
) -> None:
    vectors = load_file(tiny_checkpoint_file)["styles"]
    vectors[1, 5] = value
    with pytest.raises(CheckpointError, match="not finite"):
        load(rewritten(tiny_checkpoint_file, tmp_path / "n.safetensors", tensors={"styles": vectors}))


def test_convolutions_that_are_not_finite_are_refused(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    network = StyleNetwork(tiny_checkpoint.network.config)
    torch.nn.init.constant_(next(network.parameters()), math.nan)
    save(replace(tiny_checkpoint, network=network), tmp_path / "n.safetensors")
    with pytest.raises(CheckpointError, match="not finite"):
        load(tmp_path / "n.safetensors")


def some_styles(edit: Callable[[list[dict[str, object]]], object]) -> Callable[[dict[str, str]], dict[str, str]]:
    def change(header: dict[str, str]) -> dict[str, str]:
        styles = json.loads(header["styles"])
        edit(styles)
        return {"styles": json.dumps(styles)}

    return change


@pytest.mark.parametrize(
    "lie",
    [
        lambda _: {"network": "not json"},
        lambda _: {"network": "[]"},
        lambda _: {"network": "{}"},
        lambda _: {"network": json.dumps({"widths": [4, 6, 9], "residual_blocks": 1})},
        lambda _: {"network": json.dumps({"widths": [4, 6], "residual_blocks": 1})},
        lambda _: {"network": json.dumps({"widths": [4, 6, 8], "residual_blocks": 2})},
        lambda _: {"network_id": "0" * 16},
        lambda _: {"training": "{"},
        some_styles(lambda styles: styles.pop()),
        some_styles(lambda styles: styles[0].update(id="Not A Slug")),
        some_styles(lambda styles: styles[0].update(id=styles[1]["id"])),
        some_styles(lambda styles: styles[0].update(surprise=1)),
        some_styles(lambda styles: styles[0].pop("id")),
    ],
)
def test_a_header_that_does_not_fit_its_tensors_is_refused(
    tiny_checkpoint_file: Path, tmp_path: Path, lie: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    header = lie(header_of(tiny_checkpoint_file))
    with pytest.raises(CheckpointError, match=r"lie\.safetensors is not a valid Impasto checkpoint"):
        load(rewritten(tiny_checkpoint_file, tmp_path / "lie.safetensors", header))


def test_a_style_table_for_another_network_is_refused(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    wrong = rewritten(tiny_checkpoint_file, tmp_path / "w.safetensors", tensors={"styles": torch.zeros(3, 3206)})
    with pytest.raises(CheckpointError, match="style vectors of 3206 numbers for a network of 94"):
        load(wrong)


def test_how_strokes_are_painted_is_of_the_checkpoint(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    strokes = StrokeConfig(canonical=640, finest=1920, seen=0.6)
    save(replace(tiny_checkpoint, strokes=strokes), tmp_path / "s.safetensors")
    assert load(tmp_path / "s.safetensors").strokes == strokes


def test_a_checkpoint_that_tells_no_strokes_has_those_of_the_shipped_network(
    tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    header = header_of(tiny_checkpoint_file)
    del header["strokes"]
    save_file(load_file(tiny_checkpoint_file), tmp_path / "old.safetensors", header)
    assert load(tmp_path / "old.safetensors").strokes == StrokeConfig() == load().strokes


LIES = {"canonical": 8, "finest": 100, "seen": 0, "again": -1, "fine": 2, "radius": 0, "noise": 0}


@pytest.mark.parametrize("strokes", ["5", "[]", "{", *(json.dumps({name: lie}) for name, lie in LIES.items())])
def test_strokes_that_cannot_be_painted_are_refused(tiny_checkpoint_file: Path, tmp_path: Path, strokes: str) -> None:
    lie = rewritten(tiny_checkpoint_file, tmp_path / "lie.safetensors", {"strokes": strokes})
    with pytest.raises(CheckpointError, match=r"lie\.safetensors is not a valid Impasto checkpoint"):
        load(lie)


def test_a_tensor_too_many_is_refused(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    wrong = rewritten(tiny_checkpoint_file, tmp_path / "w.safetensors", tensors={"network.extra": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="extra"):
        load(wrong)


@pytest.mark.parametrize("missing", ["network", "network_id", "styles", "training"])
def test_a_missing_header_entry_is_named(tiny_checkpoint_file: Path, tmp_path: Path, missing: str) -> None:
    header = header_of(tiny_checkpoint_file)
    del header[missing]
    save_file(load_file(tiny_checkpoint_file), tmp_path / "m.safetensors", header)
    with pytest.raises(CheckpointError, match=missing):
        load(tmp_path / "m.safetensors")


def test_a_network_in_half_precision_is_saved_as_float32(tmp_path: Path) -> None:
    network = StyleNetwork(NetworkConfig((4, 6, 8), 1)).half()
    save(Checkpoint(network, StyleTable([], torch.zeros(0, network.style_size))), tmp_path / "h.safetensors")
    assert all(weight.dtype == torch.float32 for weight in load(tmp_path / "h.safetensors").network.parameters())
