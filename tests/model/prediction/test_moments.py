"""What is seen of a painting."""

from __future__ import annotations

import math

import pytest
import torch

from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.loss_network import LossNetwork
from impasto.model.prediction.moments import Look, moments


def test_moments_are_means_and_logarithms_of_deviations_layer_by_layer() -> None:
    features = {"relu1_2": torch.tensor([[[[1.0, 3]], [[5, 5]]]]), "relu2_2": torch.tensor([[[[0.0, 8]]]])}
    seen = moments(features, ["relu2_2", "relu1_2"])
    assert seen.tolist() == [pytest.approx([4, math.log(5), 2, 5, math.log(2), 0])]


def test_a_channel_that_nothing_excites_has_finite_moments() -> None:
    assert torch.equal(moments({"relu1_2": torch.zeros(1, 2, 4, 4)}, ["relu1_2"]), torch.zeros(1, 4))


def test_the_four_style_layers_have_1920_moments(vgg_weights: dict[str, torch.Tensor]) -> None:
    layers = Look.of(ObjectiveConfig()).layers
    features = LossNetwork(layers, vgg_weights)(torch.rand(2, 3, 32, 32))
    assert moments(features, layers).shape == (2, 1920)


def test_a_painting_is_looked_at_as_its_gram_matrices_are_measured() -> None:
    look = Look.of(ObjectiveConfig(style_layers=("relu2_2",), style_weights=(1.0,), pooling="max", painting_size=64))
    assert (look.layers, look.pooling, look.painting_size) == (("relu2_2",), "max", 64)
