from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.pictures.color import LUMA, keep_color


def brightness(image: Tensor) -> Tensor:
    return sum((weight * image[channel] for channel, weight in enumerate(LUMA)), torch.zeros(image.shape[1:]))


@given(st.integers(0, 1000))
def test_the_brightness_is_the_paintings_and_every_value_fits(seed: int) -> None:
    painted, photo = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(seed))
    result = keep_color(painted, photo)
    assert torch.allclose(brightness(result), brightness(painted), atol=1e-5)
    assert result.min() > -1e-5 and result.max() < 1 + 1e-5


def test_colours_that_fit_are_exactly_the_photos() -> None:
    photo = torch.tensor([0.5, 0.4, 0.45])[:, None, None].expand(3, 4, 4)
    painted = torch.full((3, 4, 4), 0.6)
    chroma = keep_color(painted, photo) - 0.6
    assert torch.allclose(chroma, photo - brightness(photo), atol=1e-6)


def test_a_photo_is_its_own_colouring() -> None:
    photo = torch.rand(3, 6, 6, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(keep_color(photo, photo), photo, atol=1e-5)
