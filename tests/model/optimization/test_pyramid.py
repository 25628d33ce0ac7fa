"""A pyramid is the image, told from coarse to fine."""

from __future__ import annotations

import pytest
import torch

from impasto.model.optimization.pyramid import collapsed, laplacian, without_details

NOISE = torch.rand(1, 3, 45, 70, generator=torch.Generator().manual_seed(0))


def test_a_pyramid_is_collapsed_to_its_image() -> None:
    levels = laplacian(NOISE)
    assert [tuple(level.shape[2:]) for level in levels] == [(45, 70), (22, 35), (11, 17)]
    torch.testing.assert_close(collapsed(levels), NOISE)


def test_a_small_image_is_its_own_pyramid() -> None:
    (only,) = laplacian(NOISE[:, :, :15])
    assert torch.equal(only, NOISE[:, :, :15])


def test_an_even_image_has_no_details() -> None:
    *details, _ = laplacian(torch.full((1, 3, 64, 48), 0.3))
    assert all(level.abs().max() < 1e-6 for level in details)


def test_without_details_an_image_is_what_its_half_size_shows() -> None:
    finest, *rest = laplacian(NOISE)
    torch.testing.assert_close(without_details(NOISE), collapsed([torch.zeros_like(finest), *rest]))
    assert without_details(NOISE).std() < 0.7 * NOISE.std()


@pytest.mark.parametrize("level", [0, 2])
def test_a_coefficient_changes_as_much_of_the_image_as_its_size_says(level: int) -> None:
    levels = laplacian(torch.zeros(1, 3, 64, 64))
    levels[level][0, 0, 5, 5] = 1
    assert (collapsed(levels) > 0.5).sum() == [1, 4][level // 2]
