"""The convolutions from a picture and to one, by nested Winograd tiles, are those convolutions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.native.winograd import BLOCK
from impasto.model.network.config import NetworkConfig
from impasto.model.network.fast_network import FastNetwork, strided_weights
from impasto.model.network.kernels import Kernels
from impasto.model.network.nested import narrows, share, widens
from impasto.model.network.operations import Convolution
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.tiles import paint_in_tiles
from tests.instruction_sets import UNITS, kernels_of

MANY = 2 * BLOCK


def randoms(*shape: int, seed: int = 0) -> Tensor:
    normal = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return normal.contiguous(memory_format=torch.channels_last)


def weights(written: int, read: int, size: int) -> Tensor:
    """Weights of a convolution whose features vary as much as what it is given."""
    return randoms(written, read, size, size).div(size * read**0.5)


FIRST = {size: weights(MANY, 3, size) for size in (7, 9)}
LAST = {size: strided_weights(weights(3, MANY, size)) for size in (5, 7, 9)}


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    return Kernels([3, MANY])


@pytest.fixture
def threads() -> Iterator[None]:
    """Puts the number of threads back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def assert_is_the_convolution(kernels: Kernels, x: Tensor, weight: Tensor, stride: int) -> None:
    if narrows(weight, stride):
        x = x.to(kernels.stored)
    found = kernels.convolve(x, Convolution(weight, stride))
    assert found.dtype == (kernels.stored if widens(weight, stride) else torch.float32)
    exact, rounded = F.conv2d(x.double(), weight.double(), stride=stride).float(), torch.finfo(found.dtype).eps / 2
    torch.testing.assert_close(found.float(), exact, rtol=rounded, atol=2e-5)


@pytest.mark.parametrize("size", FIRST)
@given(images=st.integers(1, 2), height=st.integers(1, 60), width=st.integers(1, 90))
@example(images=1, height=1, width=1)
@example(images=2, height=49, width=73)  # a strip and a pixel, in both directions
def test_the_first_is_the_convolution_of_pictures_of_any_size(
    kernels: Kernels, size: int, images: int, height: int, width: int
) -> None:
    x = randoms(images, 3, height + size - 1, width + size - 1)
    assert_is_the_convolution(kernels, x, FIRST[size], 1)
    assert_is_the_convolution(kernels, x.contiguous(), FIRST[size], 1)


@pytest.mark.parametrize("size", LAST)
@given(images=st.integers(1, 2), height=st.integers(1, 30), width=st.integers(1, 50))
@example(images=1, height=1, width=1)
@example(images=2, height=25, width=49)
def test_the_last_is_the_convolution_of_features_of_any_size(
    kernels: Kernels, size: int, images: int, height: int, width: int
) -> None:
    x = randoms(images, MANY, 2 * height + size - 1, 2 * width + size - 1)
    assert_is_the_convolution(kernels, x, LAST[size], 2)


@pytest.mark.parametrize("units", UNITS)
def test_they_are_the_convolutions_in_every_instruction_set(units: str) -> None:
    kernels = kernels_of(units, [3, MANY])
    assert_is_the_convolution(kernels, randoms(2, 3, 30, 40), FIRST[9], 1)
    assert_is_the_convolution(kernels, randoms(2, MANY, 30, 40), LAST[9], 2)


def test_they_are_what_the_kernels_compute(kernels: Kernels) -> None:
    x, features = randoms(1, 3, 40, 40), randoms(1, MANY, 40, 40)
    assert widens(FIRST[9], 1) and narrows(LAST[9], 2)
    assert not torch.equal(kernels.convolve(x, Convolution(FIRST[9])), F.conv2d(x, FIRST[9]).to(kernels.stored))
    features = features.to(kernels.stored)
    own, other = kernels.convolve(features, Convolution(LAST[9], 2)), F.conv2d(features.float(), LAST[9], stride=2)
    assert not torch.equal(own, other)


def test_of_nine_by_nine_multiplications_25_are_left() -> None:
    assert share(FIRST[9]) == pytest.approx(25 / 81)
    assert share(LAST[9]) == pytest.approx(25 / 100)
    assert share(LAST[5]) == pytest.approx(100 / 9 / 36)


@pytest.mark.parametrize(
    ("weight", "stride"),
    [
        (weights(MANY, 3, 5), 1),
        (FIRST[9][:20], 1),
        (FIRST[9][:, :2], 1),
        (LAST[9], 1),
        (LAST[9][:3], 2),
        (LAST[9][:, :20], 2),
        (LAST[9].flip(0), 2),
    ],
    ids=[
        *("five by five", "first, twenty written", "first, two read"),
        *("last, stride 1", "last, one pixel", "last, twenty read", "last, in another order"),
    ],
)
def test_other_convolutions_are_those_of_pytorch(kernels: Kernels, weight: Tensor, stride: int) -> None:
    x = randoms(1, weight.shape[1], 24, 24).to(weight.dtype)
    assert torch.equal(kernels.convolve(x, Convolution(weight, stride)), F.conv2d(x, weight, stride=stride))


def test_bfloat16_is_not_computed_so() -> None:
    assert widens(FIRST[9], 1) and not widens(FIRST[9].bfloat16(), 1)
    assert narrows(LAST[9], 2) and not narrows(LAST[9].bfloat16(), 2)


def test_a_pixel_depends_on_no_other_image_and_on_no_number_of_threads(kernels: Kernels, threads: None) -> None:
    for x, weight, stride in ((randoms(3, 3, 80, 61), FIRST[9], 1), (randoms(3, MANY, 80, 62), LAST[9], 2)):
        expected = kernels.convolve(x, Convolution(weight, stride))
        for count in (2, 3, 7):
            torch.set_num_threads(count)
            assert torch.equal(kernels.convolve(x, Convolution(weight, stride)), expected)
            assert torch.equal(kernels.convolve(x[1:2], Convolution(weight, stride)), expected[1:2])


def test_a_window_of_a_larger_picture_is_read_where_it_lies(kernels: Kernels) -> None:
    for x, weight, stride in ((randoms(2, 3, 50, 60), FIRST[9], 1), (randoms(2, MANY, 50, 60), LAST[9], 2)):
        window = x[..., 3:33, 5:39]
        alone = kernels.convolve(window.contiguous(), Convolution(weight, stride))
        assert torch.equal(kernels.convolve(window, Convolution(weight, stride)), alone)


@pytest.mark.parametrize("tile", [16, 20, 60])
def test_a_picture_in_tiles_is_the_whole(tile: int) -> None:
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(widths=(BLOCK, 8, 12), residual_blocks=1)).requires_grad_(False)
    fast, photos, vectors = FastNetwork(network), torch.rand(1, 3, 75, 90), network.identity_style()[None]
    fast.operations = Kernels(norm.channels for norm in network.norms)
    painted = paint_in_tiles(fast, photos, vectors, tile=tile)
    in_halves = fast.leaves(0) is torch.float16
    torch.testing.assert_close(painted, fast(photos, vectors), rtol=0, atol=2e-3 if in_halves else 1e-5)
