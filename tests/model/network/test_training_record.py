"""What is known of how a network came to be, in every version of its file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from impasto.model.network import checkpoint
from impasto.model.network.training_record import VERSION, TrainingRecord
from impasto.model.perception.config import ObjectiveConfig

RECORD = TrainingRecord(
    steps=3,
    objective=ObjectiveConfig(painting_size=64, style_layers=("relu1_2",), style_weights=(1.0,)),
    losses={"total": 2.5},
    style_losses={"wave": {"style_distance": 0.5}},
    strengths={"wave": 2.0},
    held_out=("a.jpg",),
    started_from="first.safetensors",
    revision="abcdef123456",
    torch="2.15.0",
    config={"steps": 3},
)


def test_a_record_comes_back_from_json_as_it_was() -> None:
    assert TrainingRecord.from_json(json.loads(json.dumps(RECORD.to_json()))) == RECORD


def test_a_record_without_a_version_has_its_objective_in_its_configuration() -> None:
    old = {"steps": 3, "config": {"steps": 3, "objective": {"painting_size": 64, "style_layers": ["relu1_2"]}}}
    record = TrainingRecord.from_json({**old, "refitted": [{"steps": 70}]})
    assert record.objective == ObjectiveConfig(painting_size=64, style_layers=("relu1_2",))
    assert (record.steps, record.version) == (3, VERSION)


def test_nothing_known_is_a_record_too() -> None:
    assert TrainingRecord.from_json({}) == TrainingRecord()


def test_the_shipped_network_tells_how_it_was_trained() -> None:
    record = checkpoint.load().training
    assert record.steps == 5_000 and record.objective.painting_size == 512
    assert len(record.held_out) == 24 and record.style_losses.keys() == record.strengths.keys()


def test_the_small_network_that_ships_was_taught_by_the_large_one_in_the_same_styles() -> None:
    large = checkpoint.load()
    small = large.of("small")
    assert small.training.teacher == large.network_id
    assert small.styles.ids == large.styles.ids


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([], "no object"),
        ({"version": VERSION + 1}, "Update Impasto"),
        ({"version": VERSION, "steps": "many"}, "steps"),
        ({"version": VERSION, "losses": {"total": "low"}}, "losses.total"),
        ({"config": {"objective": {"painting_size": None}}}, "objective.painting_size"),
    ],
)
def test_what_is_no_record_is_refused(values: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        TrainingRecord.from_json(values)
