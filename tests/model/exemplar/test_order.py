"""Every place is visited once, after all that it needs, and those of one step need nothing of each other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar.order import onion, wavefront

SIZES = [(1, 1), (1, 9), (9, 1), (2, 3), (7, 11), (20, 13)]


def visited(steps: list[Tensor]) -> list[tuple[int, int]]:
    return [(int(row), int(column)) for step in steps for row, column in step]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slope", [1, 2, 3, 6])
def test_a_wavefront_comes_to_every_place_once(size: tuple[int, int], slope: int) -> None:
    places = visited(list(wavefront(*size, slope)))
    assert sorted(places) == [(row, column) for row in range(size[0]) for column in range(size[1])]


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_a_wavefront_has_seen_what_row_by_row_would_have_been_seen(reach: int) -> None:
    when = torch.zeros(12, 17)
    for number, step in enumerate(wavefront(12, 17, reach + 1)):
        when[*step.T] = number
    for row in range(12):
        for column in range(17):
            window = torch.cartesian_prod(
                torch.arange(max(0, row - reach), min(12, row + reach + 1)),
                torch.arange(max(0, column - reach), min(17, column + reach + 1)),
            )
            before = (window[:, 0] < row) | ((window[:, 0] == row) & (window[:, 1] < column))
            itself = (window == torch.tensor([row, column])).all(dim=1)
            assert torch.equal(when[*window.T] < when[row, column], before)
            assert torch.equal(when[*window.T] == when[row, column], itself)


def test_a_wavefront_takes_few_steps() -> None:
    assert len(list(wavefront(256, 256, 3))) == 1021
    assert len(list(wavefront(17, 17, 2))) == 49


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("apart", [2, 6, 11])
def test_an_onion_comes_to_every_place_but_the_middle_once(size: tuple[int, int], apart: int) -> None:
    middle = {(size[0] // 2 + row, size[1] // 2 + column) for row in (-1, 0, 1) for column in (-1, 0, 1)}
    everywhere = {(row, column) for row in range(size[0]) for column in range(size[1])}
    assert sorted(visited(list(onion(*size, apart)))) == sorted(everywhere - middle)


@pytest.mark.parametrize("size", [(40, 40), (25, 61)])
@pytest.mark.parametrize("apart", [2, 3, 6, 11])
def test_places_of_an_onions_step_do_not_see_one_another(size: tuple[int, int], apart: int) -> None:
    for step in onion(*size, apart):
        distances = (step[:, None] - step).abs().amax(dim=2) + 1000 * torch.eye(len(step), dtype=torch.long)
        assert distances.min() >= apart


def test_an_onion_grows_ring_by_ring() -> None:
    rings = [int((place - torch.tensor([15, 15])).abs().max()) for step in onion(30, 30, 3) for place in step]
    assert rings == sorted(rings) and rings[0] == 2
