"""A seam against every other one."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar.seam import seams


def errors(length: int, width: int, seed: int) -> Tensor:
    return torch.randint(0, 100, (3, length, width), generator=torch.Generator().manual_seed(seed)).float()


@pytest.mark.parametrize(("length", "width"), [(1, 1), (1, 5), (6, 1), (6, 2), (6, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_the_seam_is_the_one_of_all_that_shows_least(length: int, width: int, seed: int) -> None:
    shown = errors(length, width, seed)
    for each, found in zip(shown, seams(shown), strict=True):
        paths = [
            path for path in product(range(width), repeat=length) if all(abs(a - b) <= 1 for a, b in pairwise(path))
        ]
        costs = {path: sum(float(each[row, column]) for row, column in enumerate(path)) for path in paths}
        assert costs[tuple(found.tolist())] == min(costs.values())


def test_a_seam_goes_where_nothing_shows() -> None:
    shown = torch.full((1, 5, 6), 9.0)
    way = [2, 3, 3, 4, 5]
    shown[0, range(5), way] = 0
    assert seams(shown)[0].tolist() == way
