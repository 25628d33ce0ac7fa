from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from impasto.model.evaluation.evaluate import Paint, evaluate
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.losses import content_loss, gram, style_loss
from impasto.model.perception.objective import Objective
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.resize import center_crop, resize
from impasto.model.styles.paintings import load_paintings
from tests.pictures import write_paintings

STYLES = ("one", "two", "three")


@pytest.fixture(scope="module")
def paint(tiny_checkpoint: Checkpoint) -> Paint:
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    return lambda photo, row: stylizer.paint(photo[None], tiny_checkpoint.styles.vectors[row][None])[0]


@pytest.fixture(scope="module")
def objective(tmp_path_factory: pytest.TempPathFactory) -> Objective:
    folder = write_paintings(tmp_path_factory.mktemp("three"), 3, side=128)
    return Objective(ObjectiveConfig(painting_size=64), [resize(p.rgb, 64) for p in load_paintings(folder)])


def photos_in(folder: Path) -> list[Tensor]:
    return [center_crop(load_rgb(path), 32) for path in sorted(folder.iterdir())[:2]]


def test_distances_and_losses_are_those_of_their_definition(paint: Paint, objective: Objective, photos: Path) -> None:
    crops = photos_in(photos)
    result = evaluate(paint, STYLES, objective, crops)
    for position, crop in enumerate(crops):
        painted, untouched = (objective.loss_network(each[None]) for each in (paint(crop, 1), crop))
        distance = style = 0.0
        for number, layer in enumerate(objective.config.style_layers):
            wanted = objective.grams(layer)[1:2]
            found = gram(painted[layer])
            distance += float((found - wanted).square().sum() / wanted.square().sum())
            weight = objective.config.style_weights[number] * objective.scales[number, 1]
            style += float(weight * style_loss(found, wanted))
        assert result.distance[1, position] == pytest.approx(distance, rel=1e-4)
        assert result.style_loss[1, position] == pytest.approx(style, rel=1e-4)
        content = content_loss(painted["relu3_3"], untouched["relu3_3"])
        assert result.content_loss[1, position] == pytest.approx(float(content), rel=1e-4)
    assert result.nearest.shape == result.content_error.shape == (3, 2)
    assert result.size == 32 and result.content_error.min() > 0


def test_a_network_that_changes_nothing_keeps_the_photos_distance(objective: Objective, photos: Path) -> None:
    result = evaluate(lambda photo, row: photo, STYLES, objective, photos_in(photos))
    assert torch.allclose(result.remaining, torch.ones(3, dtype=torch.float64), rtol=1e-5)
    assert result.content_error.max() < 1e-6 and result.content_loss.max() < 1e-6


def test_the_paintings_themselves_are_nearest_to_themselves(objective: Objective, photos: Path, tmp_path: Path) -> None:
    paintings = [resize(p.rgb, 64) for p in load_paintings(write_paintings(tmp_path / "same", 3, side=128))]
    result = evaluate(lambda photo, row: paintings[row], STYLES, objective, [resize(paintings[0], 64)])
    assert result.own.tolist() == [1, 1, 1]
    assert torch.equal(result.confusion, torch.eye(3, dtype=torch.float64))
    assert result.distance.max() < 1e-6
