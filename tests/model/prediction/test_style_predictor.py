"""A painting's style at a glance."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.perception.objective import Objective
from impasto.model.pictures.picture import to_rgb
from impasto.model.pictures.resize import resize
from impasto.model.prediction import style_predictor
from impasto.model.prediction.file import TrainedPredictor
from impasto.model.prediction.moments import Look, moments
from impasto.model.prediction.predictor import Predictor
from impasto.model.prediction.style_predictor import FARTHER, StylePredictor, pieces
from tests.pictures import painting


def test_what_is_looked_at_are_squares_near_two_corners() -> None:
    painting = torch.arange(600.0 * 900).reshape(1, 600, 900).expand(3, -1, -1)
    first, last = pieces(painting)
    assert first.shape == last.shape == (3, 256, 256)
    assert divmod(int(first[0, 0, 0]), 900) == (57, 107) and divmod(int(last[0, 0, 0]), 900) == (287, 537)
    assert pieces(painting[:, :100, :130]).shape == (2, 3, 100, 100)


def test_a_painting_of_any_size_has_the_vector_of_its_moments_at_the_size_that_was_learned_and_a_little_farther(
    tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style_predictor, "has_native_bfloat16", lambda device: False)
    objective = tiny_checkpoint.training.objective
    torch.manual_seed(0)
    predictor = Predictor(1920, tiny_checkpoint.network.style_size).requires_grad_(False)
    trained = TrainedPredictor(predictor, Look.of(objective), tiny_checkpoint.network_id)
    rgb = to_rgb(torch.from_numpy(painting(height=160, width=200)))
    vector = StylePredictor(trained, weights=vgg_weights, device="cpu").predict(rgb)
    features = Objective(objective, [], vgg_weights).loss_network(pieces(resize(rgb, objective.painting_size)))
    features = {layer: torch.cat(list(values), dim=1)[None] for layer, values in features.items()}
    learned, mean = predictor(moments(features, objective.style_layers))[0], predictor.decoder.bias
    torch.testing.assert_close(vector - mean, FARTHER * (learned - mean), rtol=1e-4, atol=1e-4)
