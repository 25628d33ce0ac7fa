"""Sketches differ less than what they are of."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar.sketch import FEWEST, Sketches, principal

MOST = 40
"""Of the integers of patches here."""


def patches(numbers: int, count: int, seed: int = 0) -> Tensor:
    """Integers (T, N), neighbours much alike."""
    random = torch.Generator().manual_seed(seed)
    rough = torch.randint(-8, 9, (numbers, count), generator=random).cumsum(dim=0)
    return rough.clamp(-MOST, MOST).float()


def sketches(numbers: int = 100, count: int = 20) -> tuple[Sketches, Tensor]:
    """Of the first half of the numbers, and of the second; and the planes of 300 patches."""
    some, half = patches(numbers, 300), numbers // 2
    directions = torch.zeros(2, count, numbers)
    directions[0, :, :half] = principal(some[:half], count)
    directions[1, :, half:] = principal(some[half:], count)
    made = Sketches(directions, torch.ones(numbers), torch.eye(2, dtype=torch.bool))
    return made, made.planes(directions @ some).flatten(0, 1)


def differences(known: Tensor) -> tuple[Tensor, Tensor]:
    """Of 50 patches from 300 others: in sketches, and whole. known: (2,), which half of each."""
    made, planes = sketches()
    counts = known.repeat_interleave(50)
    wanted = patches(100, 50, seed=1).T * counts
    weights, constants = made.sought(-2 * wanted, known.expand(50, -1))
    apart = (wanted[:, None] - patches(100, 300).T).square() * counts
    return weights @ planes + constants[:, None], apart.sum(dim=2)


@pytest.mark.parametrize("known", [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_they_never_differ_more_and_nearly_as_much(known: tuple[float, float]) -> None:
    sketched, whole = differences(torch.tensor(known))
    assert (sketched <= whole + 1).all()
    if sum(known) == 1:
        assert sketched.sum() > 0.9 * whole.sum()


def test_of_what_no_sketch_knows_all_nothing_is_said() -> None:
    sketched, _ = differences(torch.tensor([0.0, 0.0]))
    assert not sketched.any()


def test_directions_are_orthonormal_and_the_first_has_most() -> None:
    some = patches(60, 300)
    directions = principal(some, FEWEST)
    torch.testing.assert_close(directions @ directions.T, torch.eye(FEWEST))
    spread = (directions @ some).std(dim=1)
    assert torch.equal(spread.sort(descending=True).values, spread)


def test_patches_of_one_colour_have_directions_too() -> None:
    directions = principal(torch.full((60, 300), 7.0), FEWEST)
    torch.testing.assert_close(directions @ directions.T, torch.eye(FEWEST))
