"""The pictures whose styles a predictor learns."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.model.pictures import images
from impasto.model.pictures.picture import to_rgb
from impasto.model.training.style_pictures import KINDS, StylePictures, in_colors_of, texture
from tests.pictures import painting, photo


@pytest.fixture
def rgb() -> list[Tensor]:
    return [to_rgb(torch.from_numpy(painting(n, height=140, width=170))) for n in range(3)]


@pytest.fixture
def pictures(rgb: list[Tensor], photos: Path) -> StylePictures:
    return StylePictures(rgb, images.files_in(photos), side=48, seed=0)


def test_pictures_of_every_kind_are_squares_of_colours(pictures: StylePictures) -> None:
    assert {KINDS[pictures.kind(n)] for n in range(8)} == set(KINDS)
    for n in range(16):
        picture = pictures[n]
        assert picture.shape == (3, 48, 48)
        assert picture.min() >= 0 and picture.max() <= 1
        assert picture.std() > 0.01


def test_the_nth_picture_is_the_same_whenever_it_is_asked_for(
    pictures: StylePictures, rgb: list[Tensor], photos: Path
) -> None:
    again = StylePictures(rgb, images.files_in(photos), side=48, seed=0)
    other = StylePictures(rgb, images.files_in(photos), side=48, seed=1)
    for n in (7, 2, 0, 4):
        assert torch.equal(pictures[n], again[n])
        assert not torch.equal(pictures[n], other[n])


def test_a_picture_is_made_of_the_painting_that_it_says(photos: Path) -> None:
    """Each of these paintings is of one level of grey."""
    greys = [torch.full((3, 140, 140), 0.2 + 0.2 * n) for n in range(4)]
    pictures = StylePictures(greys, images.files_in(photos), side=48, seed=0)
    plain = [n for n in range(64) if KINDS[pictures.kind(n)] == "painting"]
    assert {pictures.painting(n) for n in plain} == {0, 1, 2, 3}
    for n in plain:
        assert float(pictures[n].mean()) == pytest.approx(0.2 + 0.2 * pictures.painting(n), abs=0.01)


def test_exchanged_colours_have_the_mean_and_the_covariance_of_the_other_picture() -> None:
    one, other = (0.3 + 0.4 * to_rgb(torch.from_numpy(photo(n))) for n in (1, 2))
    moved = in_colors_of(one, other)
    torch.testing.assert_close(moved.mean(dim=(1, 2)), other.mean(dim=(1, 2)), atol=0.02, rtol=0)
    torch.testing.assert_close(moved.flatten(1).cov(), other.flatten(1).cov(), atol=4e-3, rtol=0)
    torch.testing.assert_close(in_colors_of(one, one), one, atol=1e-3, rtol=0)


def test_textures_differ_and_have_something_on_them() -> None:
    some = [texture(64, np.random.default_rng(n)) for n in range(12)]
    assert all(each.shape == (3, 64, 64) and each.min() >= 0 and each.max() <= 1 for each in some)
    assert min(float(each.std(dim=(1, 2)).max()) for each in some) > 0.02
    assert min(float((one - other).abs().mean()) for one, other in pairwise(some)) > 0.05
