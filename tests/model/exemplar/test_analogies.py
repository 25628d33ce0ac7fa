"""Analogies: A is to A' as B is to what?"""

from __future__ import annotations

import pytest
import torch

from impasto.model.errors import InvalidValue
from impasto.model.exemplar.analogies import analogy
from impasto.model.exemplar.config import AnalogyConfig
from impasto.model.exemplar.exemplar import assembled
from impasto.model.pictures.color import brightness
from tests.model.exemplar.exemplars import noise, pebbles


def made(found: torch.Tensor, a_prime: torch.Tensor) -> torch.Tensor:
    return assembled(a_prime.permute(1, 2, 0), found).permute(2, 0, 1)


@pytest.mark.parametrize("compare", ["brightness", "color"])
@pytest.mark.parametrize("levels", [None, 1, 3])
def test_where_nothing_was_done_to_a_nothing_is_done_to_b(levels: int | None, compare: str) -> None:
    a = noise(33, 26)
    config = AnalogyConfig(kappa=0, levels=levels, compare=compare)  # type: ignore[arg-type]
    assert torch.equal(made(analogy(a, a, a, config), a), a)


def test_a_part_of_a_is_found_in_a() -> None:
    a = noise(30, 30)
    b = a[:, 4:24, 6:28]
    found = made(analogy(a, a, b, AnalogyConfig(kappa=0, levels=1, compare="color")), a)
    assert torch.equal(found[:, 2:-2, 2:-2], b[:, 2:-2, 2:-2])  # beyond its border B has nothing of A


def test_what_was_done_to_a_is_done_to_b() -> None:
    a, b = pebbles(48).rgb, pebbles(40, seed=5).rgb
    found = brightness(made(analogy(a, 1 - a, b, AnalogyConfig(kappa=1)), 1 - a))
    likeness = torch.corrcoef(torch.stack([found.flatten(), brightness(1 - b).flatten()]))[0, 1]
    assert likeness > 0.8


def test_how_bright_b_is_does_not_matter() -> None:
    a, b = noise(24, 24), noise(20, 20, seed=1)
    plain = analogy(a, 1 - a, b, AnalogyConfig(kappa=0, levels=1))
    darker = analogy(a, 1 - a, 0.1 + 0.5 * b, AnalogyConfig(kappa=0, levels=1))
    assert (plain == darker).all(dim=2).float().mean() > 0.8


def test_kappa_makes_more_pixels_go_on_beside_their_neighbors() -> None:
    def coherent(kappa: float) -> float:
        found = analogy(pebbles(40).rgb, 1 - pebbles(40).rgb, pebbles(40, seed=2).rgb, AnalogyConfig(kappa))
        return float((found[:, 1:] - found[:, :-1] == torch.tensor([0, 1])).all(dim=2).float().mean())

    assert coherent(0) < coherent(2) < coherent(25)


def test_a_and_a_prime_of_different_sizes_are_refused() -> None:
    with pytest.raises(InvalidValue, match="A has 9 × 8 pixels and A′ 8 × 8"):
        analogy(noise(8, 9), noise(8, 8), noise(5, 5))
