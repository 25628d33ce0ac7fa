"""Statistics of normalizations as values: merged, found and given."""

from __future__ import annotations

from functools import partial, reduce
from itertools import pairwise
from operator import add

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Operations
from impasto.model.network.statistics import Held, Statistics
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.styles.table import StyleTable

Network = StyleNetwork | FastNetwork


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=["PyTorch", "kernels"])
def operations(request: pytest.FixtureRequest, tiny_network: StyleNetwork) -> Operations:
    return Operations() if request.param == "PyTorch" else Kernels(norm.channels for norm in tiny_network.norms)


@pytest.fixture
def fast(operations: Operations, tiny_network: StyleNetwork) -> FastNetwork:
    network = FastNetwork(tiny_network)
    network.operations = operations
    return network


@given(cuts=st.lists(st.integers(1, 39), unique=True), scale=st.floats(1e-3, 1e3), offset=st.floats(-1e3, 1e3))
def test_parts_merge_to_what_the_whole_is(cuts: list[int], scale: float, offset: float) -> None:
    features = (scale * randoms(2, 3, 40, 7) + offset).double()
    ends = [0, *sorted(cuts), 40]
    parts = [features[:, :, top:bottom] for top, bottom in pairwise(ends)]
    merged = reduce(add, (exactly(part) for part in parts))
    whole = exactly(features)
    assert merged.count == whole.count == 280
    torch.testing.assert_close(merged.mean, whole.mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(merged.squares, whole.squares, rtol=1e-9, atol=1e-9)


def exactly(features: Tensor) -> Statistics:
    """In float64 throughout."""
    count = features.shape[2] * features.shape[3]
    variance, mean = torch.var_mean(features, dim=(2, 3), correction=0)
    return Statistics(count, mean, variance * count)


def test_what_is_measured_is_the_mean_and_the_squares_of_a_window(operations: Operations) -> None:
    features = 100 + randoms(2, 4, 20, 30)
    measured = operations.measure(features[..., 3:9, 5:17], (range(3, 9), range(5, 17)), False)
    expected = exactly(features[..., 3:9, 5:17].double())
    assert measured.count == 72 and measured.mean.dtype == torch.float64
    torch.testing.assert_close(measured.mean, expected.mean, rtol=1e-6, atol=0)
    torch.testing.assert_close(measured.variance, expected.variance, rtol=1e-4, atol=0)


def test_the_kernels_measure_in_windows_what_they_measure_at_once_to_the_last_bit() -> None:
    corners = randoms(2, 16, 6, 8).bfloat16()  # of 10 × 13 pixels
    kernels, whole = Kernels([4]), (range(10), range(13))
    gauge = kernels.gauge(whole)
    for rows, columns in ((range(7), range(5)), (range(7), range(5, 13)), (range(7, 10), range(13))):
        places = [slice((span.start + 1) // 2, span.stop // 2 + 1) for span in (rows, columns)]
        gauge.add(corners[..., places[0], places[1]], (rows, columns), True)
    found, expected = gauge.statistics(), kernels.measure(corners, whole, True)
    assert torch.equal(found.mean, expected.mean) and torch.equal(found.squares, expected.squares)


def test_images_painted_with_their_own_statistics_are_as_without(
    fast: FastNetwork, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    image, vector = randoms(1, 3, 41, 50), tiny_styles.vectors[0]
    statistics = fast.statistics_of([image], vector)
    for network in (fast, tiny_network):
        painted = network(image, vector[None], statistics)
        torch.testing.assert_close(painted, network(image, vector[None]), rtol=0, atol=1e-5)


def test_statistics_of_a_set_are_those_of_all_its_pixels(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    image, vector = randoms(1, 3, 40, 48), tiny_styles.vectors[0]
    one = fast.statistics_of([image], vector)
    for copies in ([image, image], [image.expand(2, -1, -1, -1)]):
        both = fast.statistics_of(copies, vector)
        for single, double in zip(one, both, strict=True):
            assert double.count == 2 * single.count
            torch.testing.assert_close(double.mean, single.mean, rtol=0, atol=1e-5)
            torch.testing.assert_close(double.variance, single.variance, rtol=1e-4, atol=1e-6)
    mixed = fast.statistics_of([image, randoms(1, 3, 36, 33, seed=1)], vector)
    assert mixed[0].count == 40 * 48 + 36 * 33
    assert all(each.mean.shape[0] == 1 for each in mixed)


def test_a_part_painted_with_the_statistics_of_the_whole_is_that_part_of_it(
    fast: FastNetwork, tiny_styles: StyleTable
) -> None:
    image, vector = randoms(1, 3, 200, 100), tiny_styles.vectors[0]
    part = fast(image[:, :, :148], vector[None], fast.statistics_of([image], vector))
    inside = slice(0, 80)  # beyond lies what sees the part's border
    torch.testing.assert_close(part[:, :, inside], fast(image, vector[None])[:, :, inside], rtol=0, atol=1e-5)


def test_another_number_of_statistics_is_an_error(
    fast: FastNetwork, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    image, vector = randoms(1, 3, 40, 40), tiny_styles.vectors[0]
    statistics = fast.statistics_of([image], vector)[1:]
    networks: list[Network] = [fast, tiny_network]
    for network in networks:
        with pytest.raises(ValueError, match=r"7 statistics for 8 normalizations"):
            network(image, vector[None], statistics)


def test_nothing_measured_is_an_error(operations: Operations) -> None:
    with pytest.raises(ValueError, match="nothing"):
        operations.gauge((range(3), range(3))).statistics()


def test_a_first_picture_is_painted_by_its_own_statistics_which_are_then_held(
    fast: FastNetwork, tiny_styles: StyleTable
) -> None:
    image, vectors = randoms(1, 3, 36, 33, seed=0), tiny_styles.vectors[:1]
    other, statistics = randoms(1, 3, 36, 33, seed=1), fast.statistics_of([image], vectors[0])
    for paint in (fast.paint_held, partial(paint_in_tiles, fast, tile=16)):
        held = Held(pace=0)
        torch.testing.assert_close(paint(image, vectors, held=held), fast(image, vectors), rtol=0, atol=1e-5)
        painted, given = paint(other, vectors, held=held), fast(other, vectors, statistics)
        torch.testing.assert_close(painted, given, rtol=0, atol=1e-5)


def test_held_statistics_move_towards_those_of_each_picture(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    one, other, vectors = randoms(1, 3, 36, 33, seed=0), randoms(1, 3, 36, 33, seed=1), tiny_styles.vectors[:1]
    slow, fresh, tiled = Held(pace=0.25), Held(pace=1), Held(pace=0.25)
    first = slice(fast.style_sizes[0])  # of later layers both would have to be normalized alike
    found = []
    for image in (one, other):
        for held in (slow, fresh):
            fast.paint_held(image, vectors, held)
        paint_in_tiles(fast, image, vectors, tile=16, held=tiled)
        assert slow.moments is not None and tiled.moments is not None and fresh.moments is not None
        torch.testing.assert_close(tiled.moments, slow.moments, rtol=1e-4, atol=1e-5)
        found.append(fresh.moments[first])
    assert slow.moments is not None
    torch.testing.assert_close(slow.moments[first], 0.75 * found[0] + 0.25 * found[1])


def test_of_the_same_picture_held_statistics_stay_to_the_last_bit(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    image, vectors, held = randoms(1, 3, 36, 33, seed=0), tiny_styles.vectors[:1], Held(pace=0.3)
    painted = fast.paint_held(image, vectors, held)
    moments = held.moments
    assert moments is not None
    assert fast.paint_held(image, vectors, held).equal(painted)
    assert held.moments is not None and held.moments is not moments and held.moments.equal(moments)


def test_a_picture_that_fails_leaves_what_is_held(
    fast: FastNetwork, tiny_styles: StyleTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, vectors, held = randoms(1, 3, 36, 33, seed=0), tiny_styles.vectors[:1], Held(pace=1)
    fast.paint_held(image, vectors, held)
    moments = held.moments
    assert moments is not None
    before = moments.clone()
    monkeypatch.setattr(torch, "sigmoid_", lambda images: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fast.paint_held(1 - image, vectors, held)
    assert held.moments is moments and moments.equal(before)
