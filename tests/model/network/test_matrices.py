"""Convolutions by a processor's units for matrices are the convolutions, of what bfloat16 keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from impasto.app.painting.previews import PHOTO
from impasto.model.network.checkpoint import load
from impasto.model.network.config import NetworkConfig, Which
from impasto.model.network.fast_network import FastNetwork, strided_weights
from impasto.model.network.kernels import Kernels
from impasto.model.network.matrices import suits
from impasto.model.network.operations import Convolution, Then, Window, around_corners
from impasto.model.network.passes import Kernel
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.stylizer import Stylizer
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.pictures import images
from impasto.model.pictures.picture import COLORS
from tests.instruction_sets import MATRICES, kernels_of, skip_without
from tests.pictures import decibels as peak_decibels


@pytest.fixture(autouse=True, scope="module")
def machine() -> None:
    skip_without(MATRICES)


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    return kernels_of(MATRICES, [3, 32, 64, 96, 128])


@pytest.fixture
def threads() -> Iterator[None]:
    """Puts the number of threads back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def randoms(*shape: int, seed: int = 0) -> Tensor:
    normal = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return normal.contiguous(memory_format=torch.channels_last)


def weights(written: int, read: int, size: int) -> Tensor:
    """Weights of a convolution whose features vary as much as what it is given."""
    return randoms(written, read, size, size).div(size * read**0.5).bfloat16()


LAYERS = {
    "of a picture": (weights(32, 3, 9), 1),
    "of a picture, by two": (weights(64, 3, 7), 2),
    "of a picture, the largest": (weights(32, 3, 10), 1),
    "two slices": (weights(128, 128, 3), 1),
    "one slice": (weights(64, 64, 3), 1),
    "slices of half the length": (weights(32, 96, 3), 1),
    "by two": (weights(64, 32, 3), 2),
    "around corners": (weights(4 * 32, 64, 2), 1),
    "to a picture": (strided_weights(weights(3, 32, 9)), 2),
    "to a picture around corners": (weights(12, 32, 4), 1),
}


def decibels(exact: Tensor, found: Tensor) -> float:
    """Of a signal, over what was made wrong."""
    return float(10 * (exact.square().mean() / (found.double() - exact).square().mean()).log10())


def assert_is_the_convolution(kernels: Kernels, x: Tensor, layer: str) -> None:
    weight, stride = LAYERS[layer]
    found = kernels.convolve(x, Convolution(weight, stride))
    assert found.dtype is kernels.stored
    read = x if weight.shape[1] == COLORS else x.half().bfloat16()
    exact = F.conv2d(read.double(), weight.double(), stride=stride)
    assert decibels(exact, found) > 65


@pytest.mark.parametrize("layer", LAYERS)
@given(images=st.integers(1, 3), height=st.integers(1, 40), width=st.integers(1, 70))
@example(images=1, height=1, width=1)
@example(images=2, height=2, width=32)
@example(images=1, height=65, width=33)
def test_it_is_the_convolution_of_what_has_any_size(
    kernels: Kernels, layer: str, images: int, height: int, width: int
) -> None:
    weight, stride = LAYERS[layer]
    _, read, size, _ = weight.shape
    sides = (stride * (side - 1) + size for side in (height, width))
    assert_is_the_convolution(kernels, randoms(images, read, *sides), layer)


@pytest.mark.parametrize("layer", ["of a picture", "two slices", "by two", "around corners"])
def test_features_are_measured_as_they_are_written(kernels: Kernels, layer: str) -> None:
    weight, stride = LAYERS[layer]
    doubled = layer == "around corners"
    x = 1 + randoms(2, weight.shape[1], 47, 59)
    features = kernels.convolve(x, Convolution(weight, stride))
    height, width = features.shape[2:]
    whole: Window = (range(2 * height - 3), range(2 * width - 2)) if doubled else (range(height), range(width))
    measured = kernels.convolve(x, Convolution(weight, stride, whole, doubled))
    assert torch.equal(measured, features)
    found = kernels.measure(measured, whole, doubled)
    values = (around_corners(features, whole) if doubled else features).double()
    assert found.count == values.shape[2] * values.shape[3]
    torch.testing.assert_close(found.mean, values.mean(dim=(2, 3)), rtol=0, atol=1e-3)
    torch.testing.assert_close(found.variance, values.var(dim=(2, 3), correction=0), rtol=1e-3, atol=0)


def test_what_varies_little_about_a_large_mean_is_measured(kernels: Kernels) -> None:
    weight = torch.zeros(32, 32, 3, 3).bfloat16()
    weight[range(32), range(32), 1, 1] = 1
    x = 256 + 2 * torch.randint(2, (1, 32, 90, 90)).float()
    whole = range(88), range(88)
    features = kernels.convolve(x.contiguous(memory_format=torch.channels_last), Convolution(weight, 1, whole))
    found = kernels.measure(features, whole, False)
    values = x[..., 1:-1, 1:-1].double()
    torch.testing.assert_close(found.variance, values.var(dim=(2, 3), correction=0), rtol=1e-4, atol=0)


@pytest.mark.parametrize("layer", ["two slices", "to a picture"])
def test_what_is_read_is_normalized_on_the_way(kernels: Kernels, layer: str) -> None:
    weight, stride = LAYERS[layer]
    channels, size = weight.shape[1], weight.shape[2]
    features, style = randoms(2, channels, 40, 50).half(), 1 + randoms(2, 2 * channels, 1, 1, seed=1)[..., 0, 0]
    window, then = (range(40), range(50)), Then(padding=(size // 2,) * 4)
    found = kernels.normalize_and_convolve(features, style, window, then, Convolution(weight, stride))
    normalized = kernels.normalize(features, style, window, then)
    exact = F.conv2d(normalized.float().bfloat16().double(), weight.double(), stride=stride)
    assert decibels(exact, found) > 50  # normalized features are halves where they are written


def test_an_image_depends_on_no_other_and_on_no_number_of_threads(kernels: Kernels, threads: None) -> None:
    x, convolution = randoms(3, 128, 80, 71), Convolution(*LAYERS["two slices"])
    expected = kernels.convolve(x, convolution)
    for count in (1, 2, 3, 7):
        torch.set_num_threads(count)
        assert torch.equal(kernels.convolve(x, convolution), expected)
        assert torch.equal(kernels.convolve(x[1:2], convolution), expected[1:2])


def test_features_that_no_cache_holds_are_the_same(kernels: Kernels) -> None:
    x, convolution = randoms(1, 32, 700, 700), Convolution(weights(64, 32, 3))
    expected = kernels.convolve(x, convolution)  # written past the caches
    parts = [kernels.convolve(x[:, :, top : top + 102], convolution) for top in range(0, 600, 100)]
    assert torch.equal(torch.cat(parts, dim=2), expected[:, :, :600])


def test_what_is_beyond_the_range_of_halves_is_at_its_end(kernels: Kernels) -> None:
    weight = torch.full((32, 32, 3, 3), 256.0).bfloat16()
    found = kernels.convolve(torch.full((1, 32, 8, 8), 100.0), Convolution(weight))
    assert torch.equal(found.float(), torch.full_like(found, 65504.0).float())


@pytest.mark.parametrize("which", ["large", "small"])
def test_a_painting_is_that_of_floats_but_for_what_bfloat16_rounds(which: Which) -> None:
    shipped = load()
    own, photo = shipped.of(which), images.decode(PHOTO.read_bytes()).rgb[None]
    styles = own.styles.vectors[[0, 9, 21, 30]]
    exact = Stylizer.of(shipped, device="cpu", precision="float32")
    rounded = Stylizer.of(shipped, device="cpu", precision="bfloat16")
    for style in styles.split(1):
        assert peak_decibels(rounded.paint(photo, style), exact.paint(photo, style)) > 45


def test_a_pass_at_once_is_the_layers_one_by_one_and_so_are_tiles() -> None:
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(widths=(32, 64, 128), residual_blocks=2)).requires_grad_(False)
    fast = FastNetwork(network, torch.bfloat16)
    fast.operations = kernels_of(MATRICES, {norm.channels for norm in network.norms})
    photo, style = torch.rand(2, 3, 75, 98), network.identity_style().expand(2, -1)
    at_once = fast(photo, style)
    one_by_one = fast._painted(photo, style, lambda layer, measure: None)
    assert peak_decibels(at_once, one_by_one) > 70
    assert peak_decibels(paint_in_tiles(fast, photo, style, tile=32), at_once) > 48


@pytest.mark.parametrize(
    ("weight", "stride"),
    [(weights(20, 32, 3), 1), (weights(32, 20, 3), 1), (weights(32, 3, 11), 1), (weights(32, 32, 3), 3)],
    ids=["twenty written", "twenty read", "wide", "by three pixels"],
)
def test_other_convolutions_are_pytorchs(kernels: Kernels, weight: Tensor, stride: int) -> None:
    assert not suits(weight, stride)
    x = randoms(1, weight.shape[1], 20, 20).bfloat16()
    assert torch.equal(kernels.convolve(x, Convolution(weight, stride)), F.conv2d(x, weight, stride=stride))


def test_float32_is_no_business_of_theirs(kernels: Kernels) -> None:
    weight, stride = LAYERS["two slices"]
    assert suits(weight, stride) and not suits(weight.float(), stride)
    assert kernels._kernel(Convolution(weight.float(), stride)) is Kernel.WINOGRAD
