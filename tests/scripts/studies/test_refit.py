"""Styles that miss a goal are fitted anew, and nothing else of the network changes."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from impasto.model.evaluation.evaluate import Evaluation
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable
from impasto.model.training.config import TrainingConfig
from impasto.scripts.studies import refit
from impasto.scripts.studies.refit import Arguments, main, strengths

OBJECTIVE = ObjectiveConfig(painting_size=64, painting_sizes={"style-0": 70, "style-1": 72})


def evaluation(distance: float, content_error: float, own: int = 3) -> Evaluation:
    """Of style-0, and of a style-1 that misses nothing. own: how many of style-0's three pictures are nearest to it."""
    values = torch.ones(2, 3, dtype=torch.float64)
    rows = torch.tensor([[0] * own + [1] * (3 - own), [1] * 3])
    distances = values * torch.tensor([[distance], [0.5]], dtype=torch.float64)
    contents = values * torch.tensor([[content_error], [0.7]], dtype=torch.float64)
    return Evaluation(("style-0", "style-1"), 256, values, distances, contents, values, values, rows)


@pytest.fixture
def asked(tiny_checkpoint: Checkpoint, photos: Path, paintings: Path, tmp_path: Path) -> Arguments:
    table = StyleTable([Style("style-0", "0"), Style("style-1", "1")], tiny_checkpoint.styles.vectors[:2])
    config = TrainingConfig(
        batch=2, crop=32, painted_over=0, held_out=1, network=tiny_checkpoint.network.config, objective=OBJECTIVE
    )
    training = replace(
        tiny_checkpoint.training, objective=OBJECTIVE, strengths={"style-0": 2.0, "style-1": 3.0}, config=asdict(config)
    )
    source = Checkpoint(tiny_checkpoint.network, table, training)
    checkpoint.save(source, tmp_path / "trained.safetensors")
    return Arguments(
        paintings,
        photos,
        tmp_path / "trained.safetensors",
        tmp_path / "work",
        tmp_path / "out.safetensors",
        device="cpu",
    )


def test_only_styles_that_miss_a_goal_are_fitted_anew() -> None:
    grey = evaluation(0.6, 0.7)
    assert strengths(evaluation(0.6, 0.7), grey) == {}
    assert strengths(evaluation(0.9, 0.7), grey) == {"style-0": 1.2}
    assert strengths(evaluation(0.9, 0.97), grey) == {}  # it has no photo to spare
    assert strengths(evaluation(0.9, 1.01), grey) == {"style-0": 0.85}
    assert strengths(evaluation(0.5, 0.39), grey) == {"style-0": 1.2}


def test_a_style_that_grey_pictures_do_not_tell_is_fitted_anew_where_too_many_are_not_told() -> None:
    tint = evaluation(0.6, 0.7, own=2)  # five of six are told
    assert strengths(evaluation(0.6, 0.7), tint) == {"style-0": 1.2}
    assert strengths(evaluation(0.6, 0.97), tint) == {}  # it has no photo to spare
    assert strengths(evaluation(0.6, 1.01), tint) == {"style-0": 0.85}
    enough = replace(tint, nearest=torch.tensor([[0] * 8 + [1] * 2, [1] * 10]))  # nine of ten are
    assert strengths(evaluation(0.6, 0.7), enough) == {}


def test_its_vector_changes_at_another_strength_and_nothing_else(
    asked: Arguments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = iter([evaluation(0.9, 0.7), evaluation(0.6, 0.7)])
    monkeypatch.setattr(refit, "judged", lambda *_: (next(found), evaluation(0.6, 0.7)))
    monkeypatch.setattr(refit, "UPDATES", 2)
    main(asked)
    before, after = checkpoint.load(asked.checkpoint), checkpoint.load(asked.output)
    assert after.network_id == before.network_id
    assert not torch.equal(after.styles.vectors[0], before.styles.vectors[0])
    assert torch.equal(after.styles.vectors[1], before.styles.vectors[1])
    assert after.training.strengths == {"style-0": pytest.approx(2.4), "style-1": 3.0}
    assert after.training.objective == OBJECTIVE and after.training.config == before.training.config
    assert after.training.style_losses["style-0"].keys() >= {"content_error", "style_distance"}
    assert capsys.readouterr().out.splitlines() == ["round 0: style-0 × 1.2", "round 1: none"]

    asked.output.unlink()  # what was made on the way is not made again
    monkeypatch.setattr(refit, "judged", lambda *_: (evaluation(0.6, 0.7), evaluation(0.6, 0.7)))
    main(asked)
    assert torch.equal(checkpoint.load(asked.output).styles.vectors, after.styles.vectors)
