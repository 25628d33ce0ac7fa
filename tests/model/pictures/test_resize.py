"""Pictures as tensors, in other sizes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.model.pictures import resize as module
from impasto.model.pictures import strips
from impasto.model.pictures.picture import to_rgb
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import center_crop, fit, reduced, resize, shown_small
from tests.pictures import photo


@given(height=st.integers(20, 60), width=st.integers(20, 60), side=st.integers(16, 80))
def test_resize_gives_the_shorter_side_its_pixels_and_keeps_the_shape(height: int, width: int, side: int) -> None:
    result = resize(torch.rand(3, height, width), side)
    assert min(result.shape[1:]) == side
    assert max(result.shape[1:]) == pytest.approx(max(height, width) * side / min(height, width), abs=0.51)
    assert result.min() >= 0
    assert result.max() <= 1


def test_resizing_smaller_averages_instead_of_picking() -> None:
    stripes = torch.tensor([0.0, 1.0]).repeat(32).expand(3, 64, 64)
    assert resize(stripes, 16).std() < 0.05


def test_center_crop_is_the_middle() -> None:
    picture = torch.zeros(3, 40, 80)
    picture[:, :, 20:60] = 1
    assert torch.equal(center_crop(picture, 40), torch.ones(3, 40, 40))


@given(height=st.integers(2, 60), width=st.integers(2, 60), side=st.integers(16, 80))
def test_fit_gives_the_longer_side_its_pixels_and_keeps_the_shape(height: int, width: int, side: int) -> None:
    result = fit(torch.rand(3, height, width), side)
    assert max(result.shape[1:]) == side
    assert min(result.shape[1:]) == pytest.approx(max(1, min(height, width) * side / max(height, width)), abs=0.51)


@given(height=st.integers(2, 60), width=st.integers(2, 60))
def test_center_crop_has_the_size_that_was_asked_for_whatever_the_shape(height: int, width: int) -> None:
    assert center_crop(torch.rand(3, 31, 44), width, height).shape == (3, height, width)


def test_resampling_to_the_same_size_changes_nothing() -> None:
    images = torch.randn(1, 3, 20, 30)  # unbounded, as an unfinished image is
    assert resample(images, (20, 30)) is images
    assert resample(images, (40, 15)).shape == (1, 3, 40, 15)


@pytest.mark.parametrize("strip", [1, 2000, 1_000_000])
@pytest.mark.parametrize("size", [(1, 1), (17, 30), (50, 22), (59, 81), (60, 82), (60, 9)])
def test_8_bits_are_reduced_as_floats_are(size: tuple[int, int], strip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (module, strips):
        monkeypatch.setattr(each, "STRIP_PIXELS", strip)
    pixels = torch.randint(0, 256, (60, 82, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    expected = resample(to_rgb(pixels)[None], size)[0].clamp(0, 1)
    torch.testing.assert_close(reduced(pixels, *size), expected, rtol=0, atol=0.05 / 255)


@pytest.mark.parametrize("size", [(300, 400), (75, 100), (31, 77), (1, 1)])
def test_what_is_shown_small_is_what_is_reduced_but_for_rounding(size: tuple[int, int]) -> None:
    pixels = torch.from_numpy(photo(height=300, width=400))
    difference = 255 * (shown_small(pixels, *size) - reduced(pixels, *size))
    assert difference.abs().max() <= 5 and difference.abs().mean() < 0.5
