"""Winograd's convolution is the convolution."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from impasto.app.painting.previews import PHOTO
from impasto.model.native.processor import vector_units
from impasto.model.native.winograd import BLOCK, LARGEST, quantized, transformed
from impasto.model.network.checkpoint import load
from impasto.model.network.config import NetworkConfig
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Convolution, Then, Window, around_corners
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.winograd import share, suits
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.pictures import images
from tests.instruction_sets import UNITS, kernels_of
from tests.pictures import decibels as peak_decibels

READ, WRITTEN = BLOCK, 3 * BLOCK


def randoms(*shape: int, seed: int = 0) -> Tensor:
    normal = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return normal.contiguous(memory_format=torch.channels_last)


SMALL, LARGE = (randoms(WRITTEN, READ, size, size) / (size * READ**0.5) for size in (2, 3))
"""Weights of convolutions whose features vary as much as what they are given."""
PICTURE = randoms(12, READ, 4, 4) / (4 * READ**0.5)
"""Those of one whose features are the pixels around a picture's corners."""
WEIGHTS = [(SMALL, 1), (LARGE, 1), (LARGE, 2), (PICTURE, 1)]
NAMES = ["2 × 2", "3 × 3", "stride 2", "4 × 4"]


@pytest.fixture(scope="module", params=["DEFAULT", vector_units()])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    """Those that multiply floats, and those of this machine, which may multiply integers."""
    return kernels_of(request.param, [READ])


@pytest.fixture
def threads() -> Iterator[None]:
    """Puts the number of threads back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def in_halves(kernels: Kernels) -> bool:
    """Whether they leave features in half of the precision in which they compute them."""
    return kernels.stored is torch.float16


def decibels(exact: Tensor, found: Tensor) -> float:
    """Of a signal, over what was made wrong."""
    return float(10 * (exact.square().mean() / (found - exact).square().mean()).log10())


def assert_is_the_convolution(kernels: Kernels, x: Tensor, weight: Tensor, stride: int = 1) -> None:
    exact = F.conv2d(x.double(), weight.double(), stride=stride).float()
    found = kernels.convolve(x, Convolution(weight, stride))
    assert found.dtype == kernels.stored
    assert decibels(exact, found) > (45 if kernels.multiplies_integers else 65 if in_halves(kernels) else 100)


@pytest.mark.parametrize(("weight", "stride"), WEIGHTS, ids=NAMES)
@given(images=st.integers(1, 3), height=st.integers(4, 23), width=st.integers(4, 23))
@example(images=1, height=4, width=4)
@example(images=2, height=22, width=22)
@example(images=3, height=7, width=21)
def test_it_is_the_convolution_of_features_of_any_size(
    kernels: Kernels, weight: Tensor, stride: int, images: int, height: int, width: int
) -> None:
    assert_is_the_convolution(kernels, randoms(images, READ, height, width), weight, stride)


@pytest.mark.parametrize("units", UNITS)
def test_it_is_the_convolution_in_every_instruction_set(units: str) -> None:
    kernels = kernels_of(units, [READ])
    for weight, stride in WEIGHTS:
        assert_is_the_convolution(kernels, randoms(2, READ, 17, 32), weight, stride)


@pytest.mark.parametrize(("weight", "stride"), WEIGHTS, ids=NAMES)
def test_no_sum_of_integers_overflows(kernels: Kernels, weight: Tensor, stride: int) -> None:
    one = randoms(1, 1, 24, 24) * torch.tensor([1e-3, 1, 1e3])[torch.randint(3, (24, 24))]
    alike = one.expand(1, READ, -1, -1).contiguous(memory_format=torch.channels_last)
    steady = weight[:, :1].expand(weight.shape).contiguous(memory_format=torch.channels_last)
    assert_is_the_convolution(kernels, alike, steady, stride)
    assert_is_the_convolution(kernels, -alike, steady, stride)


def test_weights_are_integers_that_add_up_to_less_than_the_limit() -> None:
    for weight in (
        SMALL,
        LARGE,
        torch.ones_like(LARGE),
        1e-9 * LARGE,
        LARGE * (torch.arange(READ) == 3)[:, None, None],
    ):
        exact = transformed(weight)
        integers, scales = quantized(exact)
        sizes = integers.int().abs().transpose(3, 4).flatten(2, 3).sum(dim=2)
        assert sizes.max() < 2**31 // LARGEST
        found = integers.transpose(3, 4).flatten(2, 3) * scales[:, :, None]
        assert decibels(exact, found) > 60


def test_of_nothing_comes_nothing(kernels: Kernels) -> None:
    nothing = torch.zeros(1, READ, 12, 12).contiguous(memory_format=torch.channels_last)
    assert kernels.convolve(nothing, Convolution(LARGE)).eq(0).all()
    assert kernels.convolve(randoms(1, READ, 12, 12), Convolution(torch.zeros_like(LARGE))).eq(0).all()


def test_it_is_what_the_kernels_compute(kernels: Kernels) -> None:
    x = randoms(1, READ, 20, 20)
    for weight, stride in WEIGHTS:
        assert suits(weight, stride)
        other = F.conv2d(x, weight, stride=stride).to(kernels.stored)
        assert not torch.equal(kernels.convolve(x, Convolution(weight, stride)), other)


def test_a_quarter_of_the_multiplications_is_left_and_a_little_more_of_smaller_ones() -> None:
    assert share(LARGE, 1) == 0.25
    assert share(SMALL, 1) == 0.36
    assert share(LARGE, 2) == 0.64
    assert share(PICTURE, 1) == 0.25


@pytest.mark.parametrize(
    ("weight", "stride"),
    [
        *((SMALL, 2), (LARGE, 3), (LARGE[:, :3], 1), (LARGE[:20], 1), (LARGE[..., :2], 1)),
        *((PICTURE, 2), (PICTURE.repeat(4, 1, 1, 1), 1)),
    ],
    ids=[
        *("2 × 2, stride 2", "stride 3", "three channels read", "twenty written", "3 × 2"),
        *("4 × 4, stride 2", "4 × 4 between features"),
    ],
)
def test_other_convolutions_are_those_of_pytorch(kernels: Kernels, weight: Tensor, stride: int) -> None:
    x = randoms(1, weight.shape[1], 12, 12).to(weight.dtype)
    assert not suits(weight, stride)
    assert torch.equal(kernels.convolve(x, Convolution(weight, stride)), F.conv2d(x, weight, stride=stride))


def test_bfloat16_is_not_computed_so() -> None:
    assert suits(LARGE, 1) and not suits(LARGE.bfloat16(), 1)


def test_a_pixel_depends_on_no_other_image_and_on_no_number_of_threads(kernels: Kernels, threads: None) -> None:
    x = randoms(3, READ, 40, 31)
    expected = kernels.convolve(x, Convolution(LARGE))
    for count in (2, 3, 7):
        torch.set_num_threads(count)
        assert torch.equal(kernels.convolve(x, Convolution(LARGE)), expected)
        assert torch.equal(kernels.convolve(x[1:2], Convolution(LARGE)), expected[1:2])


def test_a_window_of_larger_features_is_read_where_it_lies(kernels: Kernels) -> None:
    window = randoms(2, READ, 30, 40)[..., 3:22, 5:27]
    assert torch.equal(
        kernels.convolve(window, Convolution(LARGE)), kernels.convolve(window.contiguous(), Convolution(LARGE))
    )


def test_each_weight_has_its_own_convolution(kernels: Kernels) -> None:
    x = randoms(1, READ, 8, 8)
    assert torch.equal(kernels.convolve(x, Convolution(-LARGE)), -kernels.convolve(x, Convolution(LARGE)))


# With the normalizations before and after it

STYLE = 1 + randoms(2, 2 * READ, 1, 1, seed=5)[..., 0, 0] / 4


@pytest.mark.parametrize(
    ("weight", "stride", "then"),
    [
        (LARGE, 1, Then(padding=(1, 1, 1, 1))),
        (LARGE, 2, Then(padding=(1, 2, 1, 2))),
        (SMALL, 1, Then(padding=(1, 1, 1, 1), replicate=True)),
        (SMALL, 1, Then(padding=(1, 0, 2, 1), doubled=True)),
        (LARGE, 2, Then(padding=(0, 1, 0, 2), doubled=True, replicate=True)),
        (LARGE, 1, Then(padding=(1, 1, 1, 1), relu=False)),
        (PICTURE, 1, Then(padding=(2, 1, 2, 1), doubled=True, replicate=True)),
    ],
    ids=["mirrored", "stride 2", "replicated", "doubled", "doubled, replicated", "not rectified", "to a picture"],
)
@given(height=st.integers(3, 23), width=st.integers(3, 23), first=st.integers(0, 1), there=st.booleans())
def test_what_it_reads_is_normalized_on_the_way(
    kernels: Kernels, weight: Tensor, stride: int, then: Then, height: int, width: int, first: int, there: bool
) -> None:
    whole = range(first, first + height), range(1 - first, 1 - first + width)
    corners = (4 * READ, height // 2 + 2, width // 2 + 2)
    features = 3 + randoms(2, *(corners if then.doubled else (READ, height, width))).to(kernels.stored)
    statistics = kernels.measure(randoms(2, READ, 5, 5), (range(5), range(5)), False) if there else None
    following = Convolution(weight, stride)
    found = kernels.normalize_and_convolve(features, STYLE, whole, then, following, statistics)
    expected = kernels.convolve(kernels.normalize(features, STYLE, whole, then, statistics), following)
    if in_halves(kernels):  # to which those that are written are rounded
        assert decibels(expected.float(), found.float()) > (45 if kernels.multiplies_integers else 60)
    else:
        assert torch.equal(found, expected)


@given(images=st.integers(1, 3), height=st.integers(3, 33), width=st.integers(3, 33), level=st.sampled_from([0, 1e3]))
def test_what_it_writes_is_measured_on_the_way(
    kernels: Kernels, images: int, height: int, width: int, level: float
) -> None:
    x, whole = level + randoms(images, READ, height + 2, width + 2), (range(height), range(width))
    out = kernels.convolve(x, Convolution(LARGE, whole=whole))
    assert_measured(kernels, out, whole, doubled=False)


@given(images=st.integers(1, 3), height=st.integers(3, 33), width=st.integers(3, 33), own=st.sampled_from([8, BLOCK]))
def test_no_pixel_around_a_corner_is_measured_beyond_the_border(
    kernels: Kernels, images: int, height: int, width: int, own: int
) -> None:
    x, whole = randoms(images, READ, height // 2 + 2, width // 2 + 2), (range(height), range(width))
    out = kernels.convolve(x, Convolution(randoms(4 * own, READ, 2, 2), whole=whole, doubled=True))
    assert_measured(kernels, out, whole, doubled=True)


def assert_measured(kernels: Kernels, features: Tensor, whole: Window, *, doubled: bool) -> None:
    if own := features in kernels._measured:
        found = kernels.measure(features, whole, doubled)
        pixels = (around_corners(features, whole) if doubled else features).double().flatten(2)
        rounded = torch.finfo(features.dtype).eps / 2 * pixels.abs().amax().item() if in_halves(kernels) else 0
        torch.testing.assert_close(found.mean, pixels.mean(dim=2), rtol=1e-6, atol=1e-6 + rounded)
        spread = pixels.var(dim=2, correction=0)
        most = 1e-9 + rounded * (2 * spread.amax().sqrt().item() + rounded)
        torch.testing.assert_close(found.variance, spread, rtol=1e-4, atol=most)
        assert found.count == pixels.shape[2]
    assert own == (features.shape[1] // (4 if doubled else 1) % BLOCK == 0)


def test_features_of_one_value_have_no_variance(kernels: Kernels) -> None:
    whole = range(20), range(30)
    out = kernels.convolve(torch.full((1, READ, 22, 32), 7.3), Convolution(torch.ones_like(LARGE), whole=whole))
    assert kernels.measure(out, whole, False).variance.max() < 1e-6 * float(out[0, 0, 5, 5]) ** 2


def test_what_is_measured_depends_on_no_other_image_and_on_no_number_of_threads(
    kernels: Kernels, threads: None
) -> None:
    x, whole = randoms(3, READ, 42, 33), (range(40), range(31))

    def measured(x: Tensor) -> Tensor:
        return kernels._measured[kernels.convolve(x, Convolution(LARGE, whole=whole))]

    expected = measured(x)
    for count in (2, 3, 7):
        torch.set_num_threads(count)
        assert torch.equal(measured(x), expected)
        assert torch.equal(measured(x[1:2]), expected[:, 1:2])


@pytest.mark.parametrize("tile", [16, 20, 60])
@pytest.mark.parametrize("units", UNITS)
def test_a_picture_in_tiles_is_the_whole(units: str, tile: int) -> None:
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(widths=(8, BLOCK, 2 * BLOCK), residual_blocks=2)).requires_grad_(False)
    fast, photos, vectors = FastNetwork(network), torch.rand(1, 3, 75, 90), network.identity_style()[None]
    fast.operations = kernels = kernels_of(units, (norm.channels for norm in network.norms))
    painted = paint_in_tiles(fast, photos, vectors, tile=tile)
    if kernels.multiplies_integers or in_halves(kernels):  # integers of a tile are multiples of what is in it
        assert peak_decibels(fast(photos, vectors), painted) > 55
    else:
        torch.testing.assert_close(painted, fast(photos, vectors), rtol=0, atol=2e-5)


@pytest.mark.parametrize("units", UNITS)
def test_the_shipped_network_keeps_120_decibels_with_floats_73_in_halves_and_60_with_integers(units: str) -> None:
    shipped = load()
    shipped.network.requires_grad_(False)
    photo = F.interpolate(images.decode(PHOTO.read_bytes()).rgb[None], (215, 162), mode="area")
    fast = FastNetwork(shipped.network)
    fast.operations = kernels = kernels_of(units, (norm.channels for norm in shipped.network.norms))
    for vector in [
        *shipped.styles.vectors[1::15],
        shipped.styles.vectors[shipped.styles.row("book-of-kells-in-principio")],
    ]:
        exact = shipped.network(photo, vector[None])
        painted = fast(photo, vector[None])
        least = 60 if kernels.multiplies_integers else 73 if in_halves(kernels) else 120
        assert peak_decibels(exact, painted) > least
