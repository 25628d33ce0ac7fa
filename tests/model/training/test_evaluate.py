from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from model.checkpoint import Checkpoint
from model.losses import gram
from model.stylizer import Stylizer
from model.training import data
from model.training.evaluate import Evaluation, evaluate
from model.training.objective import Objective, ObjectiveConfig
from tests.pictures import write_paintings


@pytest.fixture(scope="module")
def stylizer(tiny_checkpoint: Checkpoint) -> Stylizer:
    return Stylizer(tiny_checkpoint, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def objective(tmp_path_factory: pytest.TempPathFactory) -> Objective:
    folder = write_paintings(tmp_path_factory.mktemp("three"), 3, side=128)
    return Objective(ObjectiveConfig(painting_size=64), [data.resize(p.rgb, 64) for p in data.load_paintings(folder)])


def photos_in(folder: Path) -> list[Tensor]:
    return [data.center_crop(data.load_rgb(path), 32) for path in sorted(folder.iterdir())[:2]]


def test_distances_are_those_of_their_definition(stylizer: Stylizer, objective: Objective, photos: Path) -> None:
    crops = photos_in(photos)
    result = evaluate(stylizer, objective, crops)
    expected = []
    for crop in crops:
        painted = objective.loss_network(stylizer.paint(crop[None], stylizer.styles.vectors[1][None]))
        expected.append(
            sum(
                ((gram(painted[layer])[0] - objective.grams(layer)[1]) ** 2).sum()
                / (objective.grams(layer)[1] ** 2).sum()
                for layer in objective.config.style_layers
            )
        )
    assert result.distance[1] == pytest.approx(float(sum(expected)) / 2, rel=1e-4)
    assert result.nearest.shape == (3, 2)
    assert result.content_error.min() > 0


def test_a_network_that_changes_nothing_keeps_the_photos_distance(
    stylizer: Stylizer, objective: Objective, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stylizer, "paint", lambda photo, vectors: photo)
    result = evaluate(stylizer, objective, photos_in(photos))
    assert torch.allclose(result.remaining, torch.ones(3, dtype=torch.float64), rtol=1e-5)
    assert result.content_error.max() < 1e-6


def test_the_table_has_every_style_the_means_and_the_worst() -> None:
    values = torch.tensor([0.1, 0.3], dtype=torch.float64)
    nearest = torch.tensor([[0, 0], [1, 0]])
    table = Evaluation(("one", "two"), values * 10, values, values, nearest).table()
    assert "| two | 3.00 | 0.30 | 0.100 | 0.30 | 50% |" in table
    assert "| **all** | 2.00 | 0.20 | 0.100 | 0.20 | 75% |" in table
    assert "C 0.30 (two), own painting nearest 50% (two)" in table
