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
from impasto.model.network.checkpoint import load
from impasto.model.network.config import NetworkConfig
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import VECTORS, Kernels
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.winograd import BLOCK, share, suits
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.pictures import images

READ, WRITTEN = BLOCK, 3 * BLOCK


def randoms(*shape: int, seed: int = 0) -> Tensor:
    normal = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return normal.contiguous(memory_format=torch.channels_last)


SMALL, LARGE = (randoms(WRITTEN, READ, size, size) / (size * READ**0.5) for size in (2, 3))
"""Weights of convolutions whose features vary as much as what they are given."""


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    return Kernels([READ])


@pytest.fixture
def threads() -> Iterator[None]:
    """Puts the number of threads back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def assert_is_the_convolution(kernels: Kernels, x: Tensor, weight: Tensor) -> None:
    exact = F.conv2d(x.double(), weight.double()).float()
    torch.testing.assert_close(kernels.convolve(x, weight, 1), exact, rtol=0, atol=2e-4)


@pytest.mark.parametrize("weight", [SMALL, LARGE], ids=["2 × 2", "3 × 3"])
@given(images=st.integers(1, 3), height=st.integers(3, 23), width=st.integers(3, 23))
@example(images=1, height=3, width=3)
@example(images=2, height=22, width=22)
@example(images=3, height=7, width=21)
def test_it_is_the_convolution_of_features_of_any_size(
    kernels: Kernels, weight: Tensor, images: int, height: int, width: int
) -> None:
    assert_is_the_convolution(kernels, randoms(images, READ, height, width), weight)


@pytest.mark.parametrize("capability", [*VECTORS, "DEFAULT"])
def test_it_is_the_convolution_in_every_instruction_set(capability: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = [*VECTORS, "DEFAULT"]
    own = torch.backends.cpu.get_cpu_capability()
    if own not in there or there.index(capability) < there.index(own):
        pytest.skip(f"this machine has no {capability}")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    for weight in (SMALL, LARGE):
        assert_is_the_convolution(Kernels([READ]), randoms(2, READ, 17, 32), weight)


def test_it_is_what_the_kernels_compute(kernels: Kernels) -> None:
    x = randoms(1, READ, 20, 20)
    for weight in (SMALL, LARGE):
        assert suits(weight, 1)
        assert not torch.equal(kernels.convolve(x, weight, 1), F.conv2d(x, weight))


def test_a_quarter_of_the_multiplications_is_left_and_a_little_more_of_smaller_ones() -> None:
    assert share(LARGE) == 0.25
    assert share(SMALL) == 0.36


@pytest.mark.parametrize(
    ("weight", "stride"),
    [(LARGE, 2), (LARGE[:, :3], 1), (LARGE[:20], 1), (LARGE[..., :2], 1), (LARGE.bfloat16(), 1)],
    ids=["stride 2", "three channels read", "twenty written", "3 × 2", "bfloat16"],
)
def test_other_convolutions_are_those_of_pytorch(kernels: Kernels, weight: Tensor, stride: int) -> None:
    x = randoms(1, weight.shape[1], 12, 12).to(weight.dtype)
    assert not suits(weight, stride)
    assert torch.equal(kernels.convolve(x, weight, stride), F.conv2d(x, weight, stride=stride))


def test_a_pixel_depends_on_no_other_image_and_on_no_number_of_threads(kernels: Kernels, threads: None) -> None:
    x = randoms(3, READ, 40, 31)
    expected = kernels.convolve(x, LARGE, 1)
    for count in (2, 3, 7):
        torch.set_num_threads(count)
        assert torch.equal(kernels.convolve(x, LARGE, 1), expected)
        assert torch.equal(kernels.convolve(x[1:2], LARGE, 1), expected[1:2])


def test_a_window_of_larger_features_is_read_where_it_lies(kernels: Kernels) -> None:
    window = randoms(2, READ, 30, 40)[..., 3:22, 5:27]
    assert torch.equal(kernels.convolve(window, LARGE, 1), kernels.convolve(window.contiguous(), LARGE, 1))


def test_each_weight_has_its_own_convolution(kernels: Kernels) -> None:
    x = randoms(1, READ, 8, 8)
    torch.testing.assert_close(kernels.convolve(x, -LARGE, 1), -kernels.convolve(x, LARGE, 1), rtol=0, atol=0)


@pytest.mark.parametrize("tile", [16, 20, 60])
def test_a_picture_in_tiles_is_the_whole(tile: int) -> None:
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(widths=(8, BLOCK, 2 * BLOCK), residual_blocks=2)).requires_grad_(False)
    fast, photos, vectors = FastNetwork(network), torch.rand(1, 3, 75, 90), network.identity_style()[None]
    fast.operations = Kernels(norm.channels for norm in network.norms)
    painted = paint_in_tiles(fast, photos, vectors, tile=tile)
    torch.testing.assert_close(painted, fast(photos, vectors), rtol=0, atol=1e-5)


def test_the_shipped_network_keeps_120_decibels_on_a_real_photo() -> None:
    shipped = load()
    shipped.network.requires_grad_(False)
    photo = F.interpolate(images.decode(PHOTO.read_bytes()).rgb[None], (215, 162), mode="area")
    fast = FastNetwork(shipped.network)
    fast.operations = Kernels(norm.channels for norm in shipped.network.norms)
    for vector in shipped.styles.vectors[1::15]:
        exact = shipped.network(photo, vector[None])
        painted = fast(photo, vector[None])
        assert -10 * (painted - exact).square().mean().log10() > 120
