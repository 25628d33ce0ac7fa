"""The training of a predictor on a tiny network: what it writes, what it leaves alone, and what it survives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.prediction import file
from impasto.model.prediction.file import TrainedPredictor
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable
from impasto.model.training.config import PredictionConfig, PredictionRunConfig
from impasto.model.training.prediction import train_predictor
from impasto.model.training.style_bank import StyleBank
from impasto.scripts import train_predictor as command
from tests.pictures import opened, write_paintings

CONFIG = PredictionConfig(steps=4, batch=2, crop=32, pictures=8, side=32, held_out=1)


@pytest.fixture(scope="module")
def source(tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that knows style-0, style-1 and style-2."""
    table = StyleTable([Style(f"style-{n}", str(n)) for n in range(3)], tiny_checkpoint.styles.vectors)
    path = tmp_path_factory.mktemp("source") / "mine.safetensors"
    checkpoint.save(replace(tiny_checkpoint, styles=table, small=None), path)
    return path


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The paintings of these styles, and one that the network does not know."""
    return write_paintings(tmp_path_factory.mktemp("known"), 4)


@pytest.fixture(scope="module")
def run(known: Path, photos: Path, source: Path, tmp_path_factory: pytest.TempPathFactory) -> PredictionRunConfig:
    return PredictionRunConfig(
        known,
        photos,
        tmp_path_factory.mktemp("finished") / "run",
        source,
        device="cpu",
        workers=0,
        log_every=2,
        save_every=2,
        preview_every=4,
    )


@pytest.fixture(scope="module")
def finished(run: PredictionRunConfig) -> Path:
    """The folder of a whole run of CONFIG; to be read only."""
    command.run(command.Arguments(run, CONFIG))
    return run.output


def trained(folder: Path, source: Path) -> TrainedPredictor:
    return file.load(folder / "predictor.safetensors", checkpoint.load(source))


def everything(one: TrainedPredictor) -> Tensor:
    return torch.cat([value.flatten() for value in one.predictor.state_dict().values()])


def metrics_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


def test_a_run_writes_a_predictor_for_its_network_that_says_how_it_came_to_be(finished: Path, source: Path) -> None:
    result = trained(finished, source)
    assert result.network_id == checkpoint.load(source).network_id
    assert result.look.painting_size == 64
    training = result.training
    assert (training.steps, training.config["pictures"], training.photos) == (4, 8, ("photo-0.jpg",))
    assert len(training.held_out) == 1 and training.held_out[0] in {f"style-{n}" for n in range(4)}
    assert training.losses.keys() >= {"total", "content_error"}
    assert training.held_out_losses.keys() == {"content_error", "style_distance"}


def test_metrics_tell_of_every_kind_of_picture_and_of_what_is_kept_out(finished: Path) -> None:
    lines = metrics_of(finished)
    assert [line["step"] for line in lines] == [2, 4]
    assert lines[0]["kinds"].keys() == {"painting", "recolored", "exchanged", "texture", "photo"}
    assert lines[0]["held_out"]["style_distance"] > 0


def test_previews_are_a_grid_of_photos_by_paintings_that_are_kept_out(finished: Path) -> None:
    assert opened((finished / "previews" / "step-000004.jpg").read_bytes()).size == (2 * 32, 32)


def test_the_loss_falls_and_the_network_stays_as_it_is(run: PredictionRunConfig, source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    train_predictor(replace(CONFIG, steps=30, learning_rate=1e-2), replace(run, output=tmp_path / "run", log_every=10))
    first, *_, last = metrics_of(tmp_path / "run")
    assert last["total"] < 0.95 * first["total"]
    assert source.read_bytes() == before


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been_and_measures_nothing_twice(
    finished: Path, run: PredictionRunConfig, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stop(Exception):
        """As a Ctrl-C would."""

    def stop(*_: object) -> None:
        raise Stop

    again = replace(run, output=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr("impasto.model.training.prediction._Run._preview", stop)
        with pytest.raises(Stop):
            train_predictor(CONFIG, replace(again, preview_every=3))
    monkeypatch.setattr(StyleBank, "save", stop)
    train_predictor(CONFIG, again)
    assert torch.equal(everything(trained(again.output, source)), everything(trained(finished, source)))
    assert [line["step"] for line in metrics_of(again.output)] == [2, 4]


def test_another_configuration_does_not_go_on_from_what_is_there(finished: Path, run: PredictionRunConfig) -> None:
    with pytest.raises(InvalidValue, match="holds a run of another configuration"):
        train_predictor(replace(CONFIG, learning_rate=1.0), run)


def test_what_is_kept_out_changes_nothing_of_what_is_learned(
    run: PredictionRunConfig, source: Path, tmp_path: Path, known: Path
) -> None:
    """Neither its painting nor the vector that the network has learned of it."""
    original = checkpoint.load(source)
    vectors = original.styles.vectors.clone()
    vectors[1] += 5
    changed = replace(original, styles=StyleTable(original.styles.styles, vectors))
    checkpoint.save(changed, tmp_path / "changed.safetensors")
    write_paintings(tmp_path / "other", 7)
    for n in (0, 2, 3):
        (tmp_path / "other" / f"style-{n}.png").write_bytes((known / f"style-{n}.png").read_bytes())
    for n in (4, 5):
        (tmp_path / "other" / f"style-{n}.png").unlink()
    (tmp_path / "other" / "style-6.png").replace(tmp_path / "other" / "style-1.png")
    config = replace(CONFIG, held_out=("style-1",), steps=1)
    one = train_predictor(config, replace(run, output=tmp_path / "a"))
    another = train_predictor(
        config,
        replace(run, output=tmp_path / "b", checkpoint=tmp_path / "changed.safetensors", styles=tmp_path / "other"),
    )
    assert torch.equal(*(everything(file.load(path, original)) for path in (one, another)))


def test_paintings_to_keep_out_that_are_not_there_or_are_all_there_is_are_refused(run: PredictionRunConfig) -> None:
    with pytest.raises(InvalidValue, match="there is no painting klee to keep out; there are style-0, style-1"):
        train_predictor(replace(CONFIG, held_out=("klee",)), run)
    with pytest.raises(InvalidValue, match="at least one painting is kept out"):
        train_predictor(replace(CONFIG, held_out=0), run)
    with pytest.raises(InvalidValue, match="4 paintings are too few to keep 4 of them out"):
        train_predictor(replace(CONFIG, held_out=4), run)
