"""A predictor's file: what it says of itself, and for whom it is."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from impasto.model.network.checkpoint import Checkpoint, load
from impasto.model.network.config import SHIPPED
from impasto.model.prediction import file
from impasto.model.prediction.file import (
    ForeignPredictor,
    NoPredictor,
    PredictionRecord,
    PredictorError,
    TrainedPredictor,
    predictor_file,
)
from impasto.model.prediction.moments import Look
from impasto.model.prediction.predictor import Predictor

RECORD = PredictionRecord(steps=3, held_out=("the-scream",), losses={"total": 2.5}, config={"seed": 0}, torch="2")


@pytest.fixture
def trained(tiny_checkpoint: Checkpoint) -> TrainedPredictor:
    torch.manual_seed(0)
    predictor = Predictor(1920, tiny_checkpoint.network.style_size)
    return TrainedPredictor(predictor, Look.of(tiny_checkpoint.training.objective), tiny_checkpoint.network_id, RECORD)


@pytest.fixture
def path(trained: TrainedPredictor, tmp_path: Path) -> Path:
    path = tmp_path / "new" / "mine-predictor.safetensors"
    file.save(trained, path)
    return path


def test_what_is_loaded_predicts_what_was_saved(
    path: Path, trained: TrainedPredictor, tiny_checkpoint: Checkpoint
) -> None:
    loaded = file.load(path, tiny_checkpoint)
    seen = torch.randn(2, 1920)
    assert torch.equal(loaded.predictor(seen), trained.predictor(seen))
    assert (loaded.look, loaded.network_id, loaded.training) == (trained.look, trained.network_id, RECORD)


def test_it_lies_beside_its_checkpoint() -> None:
    assert predictor_file(Path("runs/mine.safetensors")) == Path("runs/mine-predictor.safetensors")


def test_it_is_found_there_or_there_is_none(path: Path, trained: TrainedPredictor, tiny_checkpoint: Checkpoint) -> None:
    found = file.find(path.with_name("mine.safetensors"), tiny_checkpoint)
    assert found is not None and found.training == RECORD
    assert file.find(path.with_name("other.safetensors"), tiny_checkpoint) is None


def test_the_network_that_ships_has_one() -> None:
    found = file.find(SHIPPED, load(SHIPPED))
    assert found is not None and len(found.training.held_out) == 6


def test_predictors_are_told_apart_by_their_numbers(trained: TrainedPredictor) -> None:
    other = replace(trained, predictor=deepcopy(trained.predictor))
    assert other.id == trained.id
    nn.init.zeros_(other.predictor.encoder.bias)
    assert replace(other).id != trained.id


def test_a_predictor_of_another_network_is_refused(path: Path, tiny_checkpoint: Checkpoint) -> None:
    other = tiny_checkpoint.of("small")
    with pytest.raises(
        ForeignPredictor, match=rf"for network {tiny_checkpoint.network_id}, and this is network {other.network_id}"
    ):
        file.load(path, other)


def test_a_predictor_that_looks_through_another_loss_network_is_refused(
    trained: TrainedPredictor, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    file.save(replace(trained, look=replace(trained.look, loss_network="VGG19")), tmp_path / "other.safetensors")
    with pytest.raises(PredictorError, match="it looks at paintings by VGG19; this code has VGG16_Weights"):
        file.load(tmp_path / "other.safetensors", tiny_checkpoint)


def test_where_there_is_none_it_is_said_how_to_make_one(tmp_path: Path, tiny_checkpoint: Checkpoint) -> None:
    with pytest.raises(NoPredictor, match="`impasto train-predictor` makes one"):
        file.load(tmp_path / "none.safetensors", tiny_checkpoint)


def test_files_that_are_cut_short_or_something_else_are_refused(
    path: Path, tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path
) -> None:
    with pytest.raises(PredictorError, match="not a predictor of Impasto"):
        file.load(tiny_checkpoint_file, tiny_checkpoint)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PredictorError, match="is damaged or no safetensors file"):
        file.load(path, tiny_checkpoint)


def test_numbers_that_were_changed_or_are_none_are_refused(
    path: Path, trained: TrainedPredictor, tiny_checkpoint: Checkpoint
) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(PredictorError, match="not those that were saved"):
        file.load(path, tiny_checkpoint)
    nn.init.constant_(trained.predictor.decoder.bias, float("nan"))
    file.save(trained, path)
    with pytest.raises(PredictorError, match="not finite"):
        file.load(path, tiny_checkpoint)


def test_a_newer_format_asks_for_an_update(path: Path, tiny_checkpoint: Checkpoint) -> None:
    save_file(load_file(path), path, {"format": file.FORMAT, "version": "2"})
    with pytest.raises(PredictorError, match="has predictor format 2; this code reads 1"):
        file.load(path, tiny_checkpoint)
