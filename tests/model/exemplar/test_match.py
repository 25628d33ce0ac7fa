"""The matcher against sums of squared differences, one by one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar import match as module
from impasto.model.exemplar.exemplar import square
from impasto.model.exemplar.match import LARGEST, SHORT, Matcher, Part, Scale, continued, scales
from tests.model.exemplar.exemplars import noise

pytestmark = pytest.mark.usefixtures("either_way")

WINDOW = square(5)
GAUSSIAN = torch.exp(-(WINDOW - 2).square().sum(dim=1) / 4)
ALL = torch.ones(16, 20, dtype=torch.bool)


def patches(rgb: Tensor, side: int) -> Tensor:
    """(number, side², 3)."""
    return rgb.unfold(1, side, 1).unfold(2, side, 1).permute(1, 2, 3, 4, 0).reshape(-1, side * side, 3)


def sought(count: int = 7) -> tuple[Tensor, Tensor]:
    """Values (Q, 25, 3), and which are known (Q, 25)."""
    random = torch.Generator().manual_seed(3)
    return patches(noise(9, 20, seed=1), 5)[:count], torch.rand(count, 25, generator=random) < 0.6


def expected(scale: Scale, values: Tensor, known: Tensor, wanted: Tensor) -> Tensor:
    """Σ m w (x - t)², (Q, places), as a share of the largest. values: (places, P, C). wanted: (Q, P, C)."""
    each = (values[None] - wanted[:, None]).double().square().sum(dim=3) * known[:, None]
    return (each * scale.weights.double()).sum(dim=2) * (2 * scale.levels) ** 2 / LARGEST


def corners(places: Tensor) -> Tensor:
    return places.nonzero().expand(7, -1, -1)


@pytest.mark.parametrize("masked", [True, False])
def test_differences_are_sums_of_squared_differences(masked: bool) -> None:
    values, known = sought()
    part = Part(noise(20, 24), WINDOW, GAUSSIAN, masked)
    matcher = Matcher([part], ALL)
    found = matcher.differences(matcher.sought([values], known), corners(ALL))
    (scale,) = scales([part])
    share = expected(scale, patches(noise(20, 24), 5), known if masked else torch.ones_like(known), values)
    torch.testing.assert_close(found / LARGEST, share, atol=1e-4, rtol=1e-2)
    assert torch.equal(found, found.round()) and found.max() < LARGEST


def test_several_parts_are_added_up_by_their_weights() -> None:
    rgb, guide = noise(20, 24), noise(20, 24, seed=5)[:1]
    one, other = Part(rgb, WINDOW[:10], GAUSSIAN[:10], masked=True), Part(guide, WINDOW, torch.full((25,), 0.2))
    matcher = Matcher([one, other], ALL)
    values, known = sought()
    wanted = torch.rand(7, 25, 1, generator=torch.Generator().manual_seed(8))
    found = matcher.differences(matcher.sought([values[:, :10], wanted], known[:, :10]), corners(ALL))
    guided = guide.unfold(1, 5, 1).unfold(2, 5, 1).reshape(-1, 25, 1)
    first, second = scales([one, other])
    share = expected(first, patches(rgb, 5)[:, :10], known[:, :10], values[:, :10])
    share += expected(second, guided, torch.ones(7, 25), wanted)
    torch.testing.assert_close(found / LARGEST, share, atol=1e-4, rtol=1e-2)


def test_integers_count_what_weights_do() -> None:
    parts = [Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True), Part(noise(20, 24), WINDOW, torch.full((25,), 0.2))]
    one, other = scales(parts)
    torch.testing.assert_close(one.weights / one.weights.max(), GAUSSIAN, atol=1 / 72, rtol=0)
    heaviest = [float(each.weights.max()) * each.levels**2 for each in (one, other)]
    assert heaviest[1] / heaviest[0] == pytest.approx(0.2, rel=0.02)


def test_integers_have_sixteen_bits_and_sums_thirty_one() -> None:
    for channels, side, weights in ((1, 1, 1.0), (3, 1, 1.0), (1, 5, 0.3), (3, 40, 1.0), (3, 11, 0.01)):
        spread = torch.linspace(weights, 1, side * side)
        parts = [
            Part(noise(50, 50)[:channels], square(side), spread),
            Part(noise(50, 50)[:channels], square(side), 0.1 * spread, masked=True),
        ]
        assert channels * scales(parts)[1].levels ** 2 <= SHORT
        for scale in scales(parts):
            assert 2 * scale.levels * scale.weights.max() <= SHORT
            assert scale.levels >= 20
        assert sum(4 * channels * each.levels**2 * float(each.weights.sum()) for each in scales(parts)) <= LARGEST


def test_what_is_nearest_differs_least_and_is_the_first_that_does() -> None:
    values, known = sought()
    matcher = Matcher([Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True)], ALL)
    known[0] = False  # all are alike to it
    asked = matcher.sought([values], known)
    differences = matcher.differences(asked, corners(ALL))
    assert torch.equal(matcher.nearest(asked), ALL.nonzero()[differences.argmin(dim=1)])
    assert matcher.nearest(asked)[0].tolist() == [0, 0]


def test_a_patch_of_the_exemplar_is_found_where_it_lies() -> None:
    rgb = noise(20, 24)
    matcher = Matcher([Part(rgb, WINDOW, GAUSSIAN)], ALL)
    assert torch.equal(matcher.nearest(matcher.sought([patches(rgb, 5)])), ALL.nonzero())


@pytest.mark.parametrize("tolerance", [0.0, 0.1, 0.5])
def test_chance_takes_any_that_is_good_enough_and_no_other(tolerance: float) -> None:
    values, known = sought(1)
    matcher = Matcher([Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True)], ALL)
    asked = matcher.sought([values.expand(200, -1, -1)], known.expand(200, -1))
    differences = matcher.differences(asked, corners(ALL)[:1].expand(200, -1, -1))[0]
    enough = ALL.nonzero()[differences <= (1 + tolerance) * differences.min()]
    found = matcher.nearest(asked, tolerance, torch.linspace(0, 1 - 1e-9, 200, dtype=torch.float64))
    assert torch.equal(found.unique(dim=0), enough)


@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_what_is_known_of_the_least_difference_changes_nothing(tolerance: float) -> None:
    values, known = sought()
    below = torch.zeros(25, dtype=torch.bool)
    below[15:] = True
    known[2:5, 15:] = True
    matcher = Matcher([Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True)], ALL, often=[~below, below])
    asked = matcher.sought([values], known)
    least = matcher.differences(asked, corners(ALL)).amin(dim=1)
    chances = torch.rand(7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = matcher.nearest(asked, tolerance, chances)
    for more in (0, 1, 1000, torch.inf):
        assert torch.equal(matcher.nearest(asked, tolerance, chances, least + more), found)
    plain = Matcher([Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True)], ALL)
    assert torch.equal(plain.nearest(asked, tolerance, chances), found)


def test_where_nothing_is_near_enough_nothing_is_found() -> None:
    values, known = sought()
    matcher = Matcher([Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True)], ALL)
    asked = matcher.sought([values], known)
    least = matcher.differences(asked, corners(ALL)).amin(dim=1)
    below = torch.arange(7) % 2
    chances = torch.rand(7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for found in (matcher.nearest(asked, 0.3, chances, least - below), matcher.nearest(asked, at_most=least - below)):
        assert torch.equal(found[:, 0] < 0, below > 0)


def test_what_may_not_be_taken_is_not() -> None:
    values, known = sought()
    places = torch.rand(16, 20, generator=torch.Generator().manual_seed(2)) < 0.1
    matcher = Matcher([Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True)], places)
    asked = matcher.sought([values], known)
    assert places[*matcher.nearest(asked).T].all()
    assert places[*matcher.nearest(asked, 0.3, torch.rand(7, dtype=torch.float64)).T].all()
    asked_for = torch.cat([places.nonzero()[:1], (~places).nonzero()[:1], torch.tensor([[-1, 3], [16, 0], [3, 20]])])
    differences = matcher.differences(asked, asked_for.expand(7, -1, -1))
    assert differences[:, 0].isfinite().all() and differences[:, 1:].isinf().all()


@pytest.mark.parametrize(("name", "value"), [("TOGETHER", 1), ("CHUNK", 1), ("CHUNK", 3000), ("KEPT", 0)])
def test_what_is_held_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    values, known = sought()
    chances = torch.rand(7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def found() -> list[Tensor]:
        matcher = Matcher([Part(noise(20, 24), WINDOW, GAUSSIAN, masked=True)], ALL)
        asked = matcher.sought([values], known)
        return [matcher.nearest(asked), matcher.nearest(asked, 0.1, chances), matcher.nearest(asked)]

    whole = found()
    monkeypatch.setattr(module, name, value)
    assert all(torch.equal(one, other) for one, other in zip(whole, found(), strict=True))


def test_a_place_goes_on_where_its_neighbors_come_from() -> None:
    coordinates = torch.randint(0, 9, (5, 6, 2), generator=torch.Generator().manual_seed(0))
    (found,) = continued(coordinates, torch.tensor([[3, 0]]), torch.tensor([[-1, 2], [0, -1], [-3, 0]]))
    assert found[0].tolist() == [coordinates[2, 2, 0] + 1, coordinates[2, 2, 1] - 2]
    assert found[1].tolist() == coordinates[3, 0].tolist()  # beyond the border lies the place itself
    assert found[2].tolist() == [coordinates[0, 0, 0] + 3, coordinates[0, 0, 1]]
