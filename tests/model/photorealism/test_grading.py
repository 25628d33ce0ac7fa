from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.photorealism.grading import BENT, STEEPEST, graded, transport, transported
from impasto.model.photorealism.palette import Palette, Sample
from impasto.model.pictures.picture import Picture
from tests.pictures import photo


def lab_of(seed: int) -> Tensor:
    return Sample.of(Picture(torch.from_numpy(photo(seed, height=60, width=80)))).lab


def palette_of(lab: Tensor) -> Palette:
    return Palette.of(lab, torch.ones(lab.shape[1:]))


LAB, OTHER = lab_of(0), lab_of(1)
EVERYWHERE = torch.ones(60, 80)


def random_covariance(seed: int) -> Tensor:
    factor = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return 0.01 * (0.2 * factor @ factor.T + torch.eye(3, dtype=torch.float64))


def test_the_straight_map_is_the_symmetric_one_that_gives_the_other_covariance() -> None:
    source, target = random_covariance(0), random_covariance(1)
    matrix = transport(source, target)
    torch.testing.assert_close(matrix, matrix.T)
    assert (torch.linalg.eigvalsh(matrix) > 0).all()
    torch.testing.assert_close(matrix @ source @ matrix, target, rtol=0, atol=1e-4)


def test_mean_and_covariance_become_those_of_the_other() -> None:
    moved, target = palette_of(transported(LAB, palette_of(LAB), palette_of(OTHER))), palette_of(OTHER)
    torch.testing.assert_close(moved.mean, target.mean, rtol=0, atol=1e-4)
    torch.testing.assert_close(moved.covariance, target.covariance, rtol=0, atol=1e-3)


def test_lightness_is_spread_as_in_the_other() -> None:
    target = palette_of(OTHER)
    alone = palette_of(transported(LAB, palette_of(LAB), target)).lightness - target.lightness
    bent = palette_of(graded(LAB, EVERYWHERE, target)).lightness - target.lightness
    assert bent.abs().mean() < 0.8 * alone.abs().mean()


def test_a_picture_that_is_its_own_reference_stays_as_it_is() -> None:
    torch.testing.assert_close(graded(LAB, EVERYWHERE, palette_of(LAB)), LAB, rtol=0, atol=1e-5)


@pytest.mark.parametrize("flat", ["source", "target", "both"])
def test_pictures_of_one_colour_are_no_noise_and_no_nothing(flat: str) -> None:
    one = torch.tensor([0.6, 0.1, -0.05])[:, None, None].expand(3, 60, 80)
    lab, target = (one if flat in (which, "both") else other for which, other in (("source", LAB), ("target", OTHER)))
    made = graded(lab, EVERYWHERE, palette_of(target))
    assert made.isfinite().all()
    assert made.mean(dim=(1, 2)).sub(target.mean(dim=(1, 2))).abs().max() < 0.01
    spread = made.std(dim=(1, 2))
    assert (spread <= STEEPEST * BENT * lab.std(dim=(1, 2)).max() + 1e-5).all()
    if flat == "target":
        assert spread[0] > lab[0].std() / (STEEPEST * BENT) - 1e-5


def test_what_is_lighter_stays_lighter() -> None:
    steps = torch.linspace(0, 1, 256)[None, None].expand(1, 4, 256)
    made = graded(torch.cat([steps, 0 * steps, 0 * steps]), torch.ones(4, 256), palette_of(OTHER))
    assert (made[0].diff(dim=1) > 0).all()


def test_only_places_that_count_say_what_the_picture_is_like() -> None:
    left = torch.zeros(60, 80)
    left[:, :40] = 1
    made = graded(LAB, left, palette_of(OTHER))
    torch.testing.assert_close(made[:, :, :40], graded(LAB[:, :, :40], torch.ones(60, 40), palette_of(OTHER)))
