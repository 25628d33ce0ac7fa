"""A texture is like its painting, of any size."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impasto.model.optimization.config import Stop, TextureConfig
from impasto.model.optimization.texture import Texture

CONFIG = TextureConfig(
    width=80, height=40, painting_size=64, precision="float32", layers=("relu1_1", "relu2_1"), stop=Stop(steps=60)
)


def test_a_texture_of_another_shape_has_the_gram_matrices(
    small_painting: Tensor, vgg_weights: dict[str, Tensor]
) -> None:
    texture = Texture(small_painting, CONFIG, weights=vgg_weights)
    first, *_, last = texture.run()
    assert last.picture.shape == (3, 40, 80)
    assert last.losses["style"] < 0.05 * first.losses["style"]


def test_the_same_seed_is_the_same_texture(small_painting: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    def made(seed: int) -> Tensor:
        short = replace(CONFIG, seed=seed, stop=Stop(steps=5))
        *_, last = Texture(small_painting, short, weights=vgg_weights).run()
        return last.variable

    assert torch.equal(made(1), made(1))
    assert not torch.allclose(made(1), made(2), atol=0.05)


def test_it_goes_from_coarse_to_fine(small_painting: Tensor, vgg_weights: dict[str, Tensor]) -> None:
    config = replace(CONFIG, width=96, height=96, sizes=2, stop=Stop(steps=4))
    texture = Texture(small_painting, config, weights=vgg_weights)
    assert texture.steps == 6
    assert [progress.variable.shape[2] for progress in texture.run()] == [48] * 4 + [96] * 2


def test_a_size_that_leaves_nothing_of_the_painting_is_refused(
    small_painting: Tensor, vgg_weights: dict[str, Tensor]
) -> None:
    with pytest.raises(ValueError, match="choose a larger scale or size of the painting"):
        list(Texture(small_painting, replace(CONFIG, painting_size=13), weights=vgg_weights).run())
