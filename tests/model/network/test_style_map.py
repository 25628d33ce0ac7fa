"""Styles as maps: the same in both networks, in tiles, in batches; where one style is alone, it is that style."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Operations, Then
from impasto.model.network.statistics import Statistics
from impasto.model.network.style_map import StyleMap
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.styles.table import StyleTable

SHAPE = 2, 3, 45, 58
BY_REGION = pytest.mark.parametrize("by_region", [False, True], ids=["of the picture", "of the region"])


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def shares_of(*shape: int, seed: int = 0) -> Tensor:
    """(B, K, h, w) with sum 1, and places where one style is alone."""
    shares = (randoms(*shape, seed=seed) - 0.4).clamp(min=0)
    shares[:, 0] += shares.sum(1) == 0
    return shares / shares.sum(1, keepdim=True)


@pytest.fixture(params=["PyTorch", "kernels"])
def fast(request: pytest.FixtureRequest, tiny_network: StyleNetwork) -> FastNetwork:
    network = FastNetwork(tiny_network)
    if request.param == "kernels":
        network.operations = Kernels(norm.channels for norm in tiny_network.norms)
    return network


@pytest.fixture
def style_map(tiny_styles: StyleTable) -> StyleMap:
    return StyleMap(tiny_styles.vectors.expand(2, -1, -1), shares_of(2, 3, 7, 9))


@BY_REGION
def test_a_map_is_painted_as_the_trained_network_paints_it(
    fast: FastNetwork, tiny_network: StyleNetwork, style_map: StyleMap, by_region: bool
) -> None:
    placed = StyleMap(style_map.vectors, style_map.shares, by_region)
    expected = tiny_network(randoms(*SHAPE), placed)
    torch.testing.assert_close(fast(randoms(*SHAPE), placed), expected, rtol=0, atol=2e-5)


@BY_REGION
@pytest.mark.parametrize("tile", [12, 20, 100])
def test_tiles_of_a_map_equal_the_whole(fast: FastNetwork, style_map: StyleMap, by_region: bool, tile: int) -> None:
    placed = StyleMap(style_map.vectors, style_map.shares, by_region)
    tiled = paint_in_tiles(fast, randoms(*SHAPE), placed, tile=tile)
    torch.testing.assert_close(tiled, fast(randoms(*SHAPE), placed), rtol=0, atol=1e-5)


def test_one_style_everywhere_is_that_style_to_the_last_bit(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    photos, vectors = randoms(*SHAPE), tiny_styles.vectors.expand(2, -1, -1)
    alone = F.one_hot(torch.full((2, 7, 9), 1), 3).permute(0, 3, 1, 2).float()
    assert torch.equal(fast(photos, StyleMap(vectors, alone)), fast(photos, vectors[:, 1]))


def test_equal_shares_are_the_blend(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    photos, vectors = randoms(*SHAPE), tiny_styles.vectors.expand(2, -1, -1)
    blended = fast(photos, vectors.mean(1))
    torch.testing.assert_close(
        fast(photos, StyleMap(vectors, torch.full((2, 3, 1, 1), 1 / 3))), blended, rtol=0, atol=1e-5
    )


def test_each_picture_of_a_batch_has_its_own_map(fast: FastNetwork, style_map: StyleMap) -> None:
    together = fast(randoms(*SHAPE), style_map)
    for n in range(2):
        alone = fast(randoms(*SHAPE)[n : n + 1], style_map[n : n + 1])
        torch.testing.assert_close(together[n : n + 1], alone, rtol=0, atol=1e-5)


def test_styles_may_be_in_any_order(fast: FastNetwork, style_map: StyleMap) -> None:
    turned = StyleMap(style_map.vectors.flip(1), style_map.shares.flip(1))
    expected = fast(randoms(*SHAPE), style_map)
    torch.testing.assert_close(fast(randoms(*SHAPE), turned), expected, rtol=0, atol=1e-5)


@given(st.data())
def test_a_pixel_has_the_same_shares_in_every_window(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    shares = shares_of(1, 3, data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20)))
    placed, whole = StyleMap(torch.zeros(1, 3, 8), shares), (range(height), range(width))
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    part = placed.within((range(top, height), range(left, width)), whole)
    everywhere = placed.within(whole, whole)
    assert torch.equal(part, everywhere[..., top:, left:])
    torch.testing.assert_close(everywhere.sum(1), torch.ones(1, height, width))
    assert everywhere.min() >= 0


def test_a_style_that_is_alone_at_all_places_around_is_alone_between_them() -> None:
    alone = torch.zeros(1, 2, 5, 6)
    alone[:, 1] = 1
    whole = range(37), range(51)
    assert torch.equal(StyleMap(torch.zeros(1, 2, 8), alone).within(whole, whole)[:, 1], torch.ones(1, 37, 51))


STYLES, SHARES = randoms(2, 3, 16, seed=3) - 0.3, shares_of(2, 3, 7, 9)


@pytest.mark.parametrize("given_each", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_kernels_mix_styles_as_pytorch_does(dtype: torch.dtype, given_each: bool) -> None:
    features, window = randoms(2, 8, 7, 9).to(dtype), (range(7), range(9))
    given_statistics = Statistics.of_shares(features, SHARES) if given_each else None
    expected, found = (
        operations.normalize(features, STYLES, window, Then(padding=(1, 2, 2, 1)), given_statistics, SHARES)
        for operations in (Operations(), Kernels([8]))
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 if dtype == torch.float32 else 2e-2)


@given(cuts=st.lists(st.integers(1, 39), unique=True), offset=st.floats(-1e3, 1e3))
def test_what_is_measured_of_a_region_in_parts_is_what_the_whole_is(cuts: list[int], offset: float) -> None:
    features, shares = randoms(2, 4, 40, 7) + offset, shares_of(2, 3, 40, 7, seed=1)
    ends = sorted({0, *cuts, 40})
    parts = [Statistics.of_shares(features[:, :, a:b], shares[:, :, a:b]) for a, b in pairwise(ends)]
    merged, weights = reduce(add, parts), shares.double()
    mean = torch.einsum("bchw,bkhw->bkc", features.double(), weights) / weights.sum((2, 3))[..., None]
    apart = features.double()[:, None] - mean[..., None, None]
    variance = torch.einsum("bkchw,bkhw->bkc", apart**2, weights) / weights.sum((2, 3))[..., None]
    torch.testing.assert_close(merged.mean, mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(merged.variance, variance, rtol=1e-3, atol=1e-5)


def test_a_style_that_is_nowhere_has_finite_statistics() -> None:
    nowhere = torch.zeros(1, 2, 5, 5)
    nowhere[:, 0] = 1
    found = Statistics.of_shares(randoms(1, 4, 5, 5), nowhere)
    both = found + found
    assert all(each.isfinite().all() for each in (found.mean, found.squares, both.mean, both.squares))


def test_a_flat_region_by_itself_is_finite_and_as_pytorch_has_it(
    fast: FastNetwork, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    """A white sky: its variance is 0, and rounding is not to make it less."""
    photos, shares = randoms(1, 3, 96, 96), torch.zeros(1, 2, 24, 24)
    photos[..., :60] = 1
    shares[:, 0, :, :10] = 1
    shares[:, 1, :, 10:] = 1
    placed = StyleMap(tiny_styles.vectors[None, :2], shares, by_region=True)
    painted = fast(photos, placed)
    assert painted.isfinite().all()
    torch.testing.assert_close(painted, tiny_network(photos, placed), rtol=0, atol=1e-3)


def test_a_picture_of_fewer_styles_than_another_of_its_batch_is_as_alone(
    fast: FastNetwork, tiny_styles: StyleTable
) -> None:
    shares = shares_of(2, 3, 7, 9)
    shares[1, 0] += shares[1, 2]
    shares[1, 2] = 0  # what fills a batch up
    photos, placed = randoms(*SHAPE), StyleMap(tiny_styles.vectors.expand(2, -1, -1), shares, by_region=True)
    alone = StyleMap(tiny_styles.vectors[None, :2], shares[1:, :2], by_region=True)
    torch.testing.assert_close(fast(photos, placed)[1:], fast(photos[1:], alone), rtol=0, atol=1e-5)
