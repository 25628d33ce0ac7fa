"""Each measure of artefacts sees its own, and none in a photo."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model.training.artefacts import border, checkerboard, saturation
from model.training.content import crops

PHOTOS = crops(count=4, side=128)


def with_grid(period: int) -> Tensor:
    lines = (torch.arange(128) % period < period / 2).float() * 0.1
    return (PHOTOS * 0.9 + lines).clamp(0, 1)


def with_frame() -> Tensor:
    framed = PHOTOS.clone()
    noise = torch.rand(framed.shape, generator=torch.Generator().manual_seed(0))
    inside = torch.zeros(128, 128, dtype=torch.bool)
    inside[5:-5, 5:-5] = True
    return torch.where(inside, framed, noise)


def test_photos_have_no_artefacts() -> None:
    assert (saturation(PHOTOS) < 0.2).all()
    assert (checkerboard(PHOTOS) < 4).all()
    assert (border(PHOTOS) < 3).all()


@pytest.mark.parametrize("period", [2, 4])
def test_a_grid_of_the_period_of_upsampling_is_seen(period: int) -> None:
    assert (checkerboard(with_grid(period)) > 2 * checkerboard(PHOTOS)).all()


def test_a_frame_is_seen() -> None:
    assert (border(with_frame()) > 2 * border(PHOTOS)).all()


def test_what_is_pure_black_or_white_is_counted() -> None:
    pictures = torch.full((2, 3, 64, 64), 0.5)
    pictures[1, :, :16] = 1.0
    pictures[1, :, 16:32] = 0.0
    assert saturation(pictures).tolist() == [0.0, 0.5]


def test_each_picture_has_its_own_numbers() -> None:
    for measure in (saturation, checkerboard, border):
        together = measure(PHOTOS)
        assert together.shape == (4,)
        torch.testing.assert_close(together[2:3], measure(PHOTOS[2:3]))
