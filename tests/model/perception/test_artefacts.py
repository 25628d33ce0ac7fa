"""Each measure of artefacts sees its own, and none in a photo."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from impasto.model.fitting.content import crops
from impasto.model.perception.artefacts import (
    THRESHOLDS,
    border,
    checkerboard,
    diagonals,
    flat_noise,
    flat_probes,
    measure,
    saturation,
)
from impasto.model.perception.spectrum import FAINT

SIDE = 192
PHOTOS = crops(count=5, side=SIDE)
RED_AGAINST_GREEN, BLUE, ALL = (1, -1, 0), (0, 0, 1), (1, 1, 1)


def with_wave(
    pictures: Tensor, period: float, *, degrees: float, amplitude: float, color: tuple[int, ...] = ALL
) -> Tensor:
    angle = math.radians(degrees)
    down, right = torch.arange(SIDE)[:, None] + 0.25, torch.arange(SIDE) + 0.25
    wave = torch.cos((down * math.sin(angle) + right * math.cos(angle)) * math.tau / period)
    return (pictures * 0.8 + 0.1 + amplitude * wave * torch.tensor(color)[:, None, None]).clamp(0, 1)


def with_frame() -> Tensor:
    framed = PHOTOS * 0.9
    framed[..., 3:-3, 3:-3] += 0.1
    return framed


def noise(pixels: int) -> Tensor:
    """Isotropic texture, as coarse as some pixels."""
    random = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.avg_pool2d(random, pixels, stride=1, padding=pixels // 2)[..., :SIDE, :SIDE]


def test_photos_have_no_artefacts() -> None:
    for name, values in measure(PHOTOS).items():
        assert (values < THRESHOLDS[name]).all(), name


@pytest.mark.parametrize("period", [2, 4])
@pytest.mark.parametrize("degrees", [0, 90])
def test_a_grid_of_the_period_of_upsampling_is_seen(period: int, degrees: int) -> None:
    grid = with_wave(PHOTOS, period, degrees=degrees, amplitude=0.05)
    assert (checkerboard(grid) > THRESHOLDS["checkerboard"]).all()
    assert (diagonals(grid) < THRESHOLDS["diagonals"]).all()


def test_sharp_edges_are_no_grid() -> None:
    tiles = (torch.arange(SIDE) // 23 % 2).float()
    pictures = (tiles[:, None] - tiles).abs().expand(1, 3, SIDE, SIDE)
    assert checkerboard(pictures) < THRESHOLDS["checkerboard"]


@pytest.mark.parametrize("color", [ALL, RED_AGAINST_GREEN, BLUE])
@pytest.mark.parametrize(("period", "degrees"), [(4.5, 45), (5.7, 135), (7.0, 30)])
def test_fine_diagonal_lines_are_seen_in_any_color(color: tuple[int, ...], period: float, degrees: int) -> None:
    lines = with_wave(PHOTOS, period, degrees=degrees, amplitude=0.05, color=color)
    assert (diagonals(lines) > THRESHOLDS["diagonals"]).all()


@pytest.mark.parametrize("pixels", [1, 3, 5])
def test_texture_without_a_direction_has_no_lines(pixels: int) -> None:
    assert (diagonals(noise(pixels)) < THRESHOLDS["diagonals"]).all()


def test_brush_strokes_have_a_slope_but_no_lines() -> None:
    down, right = torch.arange(SIDE)[:, None], torch.arange(SIDE)
    across = torch.rand(2 * SIDE, generator=torch.Generator().manual_seed(0))
    strokes = across[down + right].expand(1, 3, SIDE, SIDE)
    assert diagonals(strokes) < THRESHOLDS["diagonals"]


def test_a_frame_is_seen() -> None:
    assert (border(with_frame()) > THRESHOLDS["border"]).all()


def test_an_edge_along_one_side_is_no_frame() -> None:
    pictures = PHOTOS.clone()
    pictures[..., :4] = 0
    assert (border(pictures) < THRESHOLDS["border"]).all()


def test_what_is_pure_black_or_white_is_counted() -> None:
    pictures = torch.full((2, 3, 64, 64), 0.5)
    pictures[1, :, :16] = 1.0
    pictures[1, :, 16:32] = 0.0
    assert saturation(pictures).tolist() == [0.0, 0.5]


def test_flat_noise_is_the_standard_deviation_of_what_is_fine() -> None:
    smooth = flat_probes(SIDE)[2:]
    rough = smooth + 0.05 * torch.randn(smooth.shape, generator=torch.Generator().manual_seed(0))
    assert (flat_noise(smooth) < FAINT).all()
    torch.testing.assert_close(flat_noise(rough), torch.full((2,), 0.05), rtol=0.05, atol=0)


def test_flat_probes_show_no_artefact() -> None:
    probes = flat_probes(SIDE)
    assert probes.shape == (4, 3, SIDE, SIDE) and probes.min() >= 0 and probes.max() <= 1
    assert probes[0].std() == 0
    for name, values in {**measure(probes), "flat_noise": flat_noise(probes)}.items():
        assert (values < THRESHOLDS[name]).all(), name


def test_each_picture_has_its_own_numbers() -> None:
    for each in (saturation, checkerboard, border, diagonals, flat_noise):
        together = each(PHOTOS)
        assert together.shape == (5,)
        torch.testing.assert_close(together[2:3], each(PHOTOS[2:3]))


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 70), (131, 64)])
def test_pictures_of_every_size_are_measured(height: int, width: int) -> None:
    pictures = PHOTOS[..., :height, :width]
    assert all(values.isfinite().all() for values in (*measure(pictures).values(), flat_noise(pictures)))
