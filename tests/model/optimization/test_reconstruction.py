"""What a layer knows is enough to find its picture again."""

from __future__ import annotations

import pytest
from torch import Tensor

from impasto.model.optimization.config import ReconstructionConfig, Stop
from impasto.model.optimization.reconstruction import Reconstruction

LAYERS = ("relu1_1", "relu2_1")


def test_content_alone_leads_from_noise_to_the_photo(small_photo: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    found = Reconstruction(
        small_photo,
        LAYERS,
        ReconstructionConfig(size=48, precision="float32", stop=Stop(steps=200)),
        weights=vgg_weights,
    )
    *_, last = found.content("relu2_1")
    assert last.losses["content"] < 0.01
    assert (last.picture - found.picture).abs().mean() < 0.05


def test_style_alone_comes_within_two_percent_of_the_start(
    small_painting: Tensor, vgg_weights: dict[str, Tensor]
) -> None:
    found = Reconstruction(
        small_painting,
        LAYERS,
        ReconstructionConfig(size=48, precision="float32", stop=Stop(steps=150)),
        weights=vgg_weights,
    )
    first, *_, last = found.style(LAYERS)
    assert last.losses["style"] < 0.02 * first.losses["style"]
    assert (last.picture - found.picture).abs().mean() > 0.05  # like it, and not the same


def test_variation_smooths_what_a_layer_does_not_see(small_photo: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    def roughness(weight: float) -> float:
        config = ReconstructionConfig(size=48, variation_weight=weight, precision="float32", stop=Stop(steps=60))
        *_, last = Reconstruction(small_photo, LAYERS, config, weights=vgg_weights).content("relu2_1")
        return float(last.picture.diff(dim=2).square().mean())

    assert roughness(10.0) < roughness(0.0)


def test_a_layer_that_is_not_there_is_named(small_photo: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match="has no layer relu7_1"):
        Reconstruction(small_photo, ["relu7_1"], weights=vgg_weights)


def test_what_a_layer_sees_nothing_in_is_too_small(small_photo: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match="16 × 16 pixels are too few"):
        Reconstruction(small_photo, LAYERS, ReconstructionConfig(size=16), weights=vgg_weights)


@pytest.mark.real_loss_network
def test_the_real_loss_network_finds_the_photo_again(small_photo: Tensor, real_vgg_weights: dict[str, Tensor]) -> None:
    config = ReconstructionConfig(size=48, stop=Stop(steps=200))
    *_, last = Reconstruction(small_photo, ["relu2_1"], config, weights=real_vgg_weights).content("relu2_1")
    assert last.losses["content"] < 0.01
