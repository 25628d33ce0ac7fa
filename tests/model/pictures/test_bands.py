from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.pictures.bands import LONGEST, Bands, bands, box, part

LENGTHS: list[tuple[int, ...]] = [(100, 50), (50, 100), (64, 63), (63, 64), (500, 7), (7, 500), (3, 2)]
LENGTHS += [(9, 9, 20), (33, 60, 33), (50, 40, 100)]


def line(length: int) -> Tensor:
    return torch.rand(length, dtype=torch.float64, generator=torch.Generator().manual_seed(length))


def made(of: Tensor, by: Bands | None) -> Tensor:
    if by is None:
        return of
    assert int(by.firsts.min()) >= 0 and int(by.firsts.max()) + by.weights.shape[1] <= len(of)
    return (of[by.firsts.long()[:, None] + torch.arange(by.weights.shape[1])] * by.weights).sum(dim=1)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_lines_of_another_length_are_what_interpolating_makes_of_them(lengths: tuple[int, ...]) -> None:
    found = expected = line(lengths[0])
    for length in lengths[1:]:
        expected = F.interpolate(expected.view(1, 1, 1, -1), (1, length), mode="bicubic", antialias=True).flatten()
    torch.testing.assert_close(made(found, bands(*lengths)), expected, rtol=0, atol=1e-6)


def test_a_line_of_its_own_length_is_itself() -> None:
    assert bands(9) is bands(9, 9) is None


def test_a_line_that_was_another_between_is_not_itself() -> None:
    assert bands(9, 8, 9) is not None


@pytest.mark.parametrize("places", [slice(0, 40), slice(0, 1), slice(13, 20), slice(39, 40)])
@pytest.mark.parametrize("longest", [LONGEST, 50])
def test_a_part_of_a_line_is_made_of_as_little_as_it_needs(
    places: slice, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.model.pictures.bands.LONGEST", longest)
    read, how = part(100, 40, places)
    torch.testing.assert_close(made(line(100)[read], how), made(line(100), bands(100, 40))[places], rtol=0, atol=1e-7)
    assert len(range(100)[read]) <= 2.5 * (len(range(40)[places]) - 1) + 13


@pytest.mark.parametrize(("length", "radius"), [(20, 2), (5, 2), (3, 4), (2, 1), (1, 1), (50, 0)])
def test_a_box_is_the_mean_of_a_line_that_goes_on_with_its_ends(length: int, radius: int) -> None:
    padded = F.pad(line(length).view(1, 1, -1), (radius, radius), mode="replicate")
    expected = F.avg_pool1d(padded, 2 * radius + 1, stride=1).flatten()
    torch.testing.assert_close(made(line(length), box(length, radius)), expected, rtol=0, atol=1e-6)


def test_a_line_without_measure_is_made_in_parts() -> None:
    read, how = part(3_000_000, 2_900_000, slice(1_000_000, 1_000_100))
    assert read.start < 3_000_000 * 1_000_050 / 2_900_000 < read.stop <= read.start + 120
    torch.testing.assert_close(how.weights.sum(dim=1), torch.ones(100))
