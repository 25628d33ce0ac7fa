"""Nearest patches against each looked at in turn, and what they make when put together."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.optimization import patches as module
from impasto.model.optimization.patches import Patches
from impasto.model.pictures.images import TooSmall


def features(height: int, width: int, seed: int = 0) -> Tensor:
    """(4, H, W)."""
    return torch.randn(4, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cut(values: Tensor, side: int) -> Tensor:
    """All patches, row by row: (number, C · side²)."""
    return F.unfold(values[None], side)[0].T


@pytest.mark.parametrize("side", [1, 3])
def test_the_nearest_patch_is_that_of_the_greatest_cosine_of_any_map(side: int) -> None:
    own, maps = features(9, 11), [features(8, 12, seed=1), features(12, 8, seed=2)]
    cosines = F.normalize(cut(own, side)) @ F.normalize(torch.cat([cut(each, side) for each in maps])).T
    found = Patches(maps, side).nearest(own)
    assert found.shape == (10 - side, 12 - side)
    assert torch.equal(found.flatten(), cosines.argmax(dim=1))


@pytest.mark.parametrize("products", [1, 700, 2000])
def test_what_is_looked_at_together_changes_nothing(monkeypatch: pytest.MonkeyPatch, products: int) -> None:
    own, bank = features(9, 11), Patches([features(8, 12, seed=1), features(12, 8, seed=2)], 3)
    whole = bank.nearest(own)
    monkeypatch.setattr(module, "PRODUCTS", products)
    assert torch.equal(bank.nearest(own), whole)


def test_no_more_pairs_are_looked_at_together_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    products: list[int] = []
    multiply = torch.tensordot

    def counted(*arguments: object, **keywords: object) -> Tensor:
        found: Tensor = multiply(*arguments, **keywords)  # type: ignore[arg-type]
        products.append(found.numel())
        return found

    monkeypatch.setattr(torch, "tensordot", counted)
    monkeypatch.setattr(module, "PRODUCTS", 5000)
    Patches([features(40, 12)], 3).nearest(features(30, 10))
    assert len(products) > 1 and max(products) <= 5000


def test_how_large_a_patch_is_does_not_make_it_nearer() -> None:
    own, loud = features(3, 3), 100 * features(3, 3, seed=1)
    assert Patches([loud, 0.01 * own], 3).nearest(own).item() == 1


@pytest.mark.parametrize("side", [1, 3])
def test_a_map_is_assembled_of_its_own_patches(side: int) -> None:
    own = features(8, 9)
    bank = Patches([features(6, 6, seed=1), own], side)
    torch.testing.assert_close(bank.assembled(bank.nearest(own)), own)


def test_where_patches_overlap_there_is_their_mean() -> None:
    bank, numbers = Patches([features(5, 6)], 3), torch.tensor([[7, 0, 3], [2, 2, 11]])
    chosen = cut(features(5, 6), 3)[numbers.flatten()].T[None]
    total, count = (F.fold(each, (4, 5), 3)[0] for each in (chosen, torch.ones_like(chosen)))
    torch.testing.assert_close(bank.assembled(numbers), total / count)


def test_patches_of_nothing_are_nobodys_nearest_and_no_fault() -> None:
    bank = Patches([torch.zeros(4, 5, 5, dtype=torch.float64), features(4, 4).abs()], 3)
    assert (bank.nearest(features(6, 6, seed=1).abs()) >= 9).all()
    assert torch.equal(bank.nearest(torch.zeros(4, 4, 4, dtype=torch.float64)), torch.zeros(2, 2, dtype=torch.long))


def test_what_is_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(TooSmall, match="less of the painting than a patch of 3 × 3"):
        Patches([features(2, 9)], 3)
