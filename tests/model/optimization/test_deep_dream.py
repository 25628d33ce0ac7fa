"""A dream shows more of what a layer sees, and stays the photo it is of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.model.optimization.config import DreamConfig, Stop
from impasto.model.optimization.deep_dream import DeepDream
from impasto.model.perception.loss_network import LossNetwork, LossNetworkMissing

CONFIG = DreamConfig(rate=0.01, layer="relu2_1", precision="float32", octaves=2, jitter=4, stop=Stop(steps=6))


def seen(picture: Tensor, weights: dict[str, Tensor], channel: int | None = None) -> float:
    features = LossNetwork(["relu2_1"], weights, pooling="max")(picture[None])["relu2_1"]
    return float(features.square().mean() if channel is None else features[:, channel].mean())


@pytest.mark.parametrize("channel", [None, 7])
def test_the_layer_sees_more_in_the_dream(
    small_photo: Tensor, vgg_weights: dict[str, Tensor], channel: int | None
) -> None:
    dream = DeepDream(small_photo, replace(CONFIG, channel=channel), weights=vgg_weights)
    progress = list(dream.run())
    assert len(progress) == dream.steps == 12
    picture = progress[-1].picture
    assert picture.shape == small_photo.shape
    assert seen(picture, vgg_weights, channel) > 1.2 * seen(small_photo, vgg_weights, channel)
    assert (picture - small_photo).abs().mean() < 0.2


def test_octaves_end_at_the_photos_size(small_photo: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    dream = DeepDream(small_photo, replace(CONFIG, octave_ratio=1.4), weights=vgg_weights)
    assert [tuple(progress.variable.shape[2:]) for progress in dream.run()] == [(34, 46)] * 6 + [(48, 64)] * 6


def test_shifts_are_seeded(small_photo: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    def dreamed(seed: int) -> Tensor:
        *_, last = DeepDream(small_photo, replace(CONFIG, seed=seed), weights=vgg_weights).run()
        return last.variable

    assert torch.equal(dreamed(1), dreamed(1))
    assert not torch.equal(dreamed(1), dreamed(2))


@pytest.mark.parametrize(("choices", "message"), [({"jitter": -1}, "jitter"), ({"octave_ratio": math.nan}, "larger")])
def test_what_cannot_be_dreamed_is_said(
    small_photo: Tensor, vgg_weights: dict[str, Tensor], choices: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        DeepDream(small_photo, replace(CONFIG, **choices), weights=vgg_weights)


@pytest.mark.parametrize(
    ("name", "file"), [("googlenet", "googlenet-1378be20.pth"), ("inception_v3", "inception_v3_google-0cc3c7bd.pth")]
)
def test_inceptions_weights_that_are_not_there_are_named(small_photo: Tensor, name: str, file: str) -> None:
    with pytest.raises(LossNetworkMissing, match=rf"{name}'s weights are not at .*{file}: put https://.*{file} there"):
        DeepDream(small_photo, replace(CONFIG, network=name, layer="inception4c"))  # type: ignore[arg-type]
