"""A pass in one call is the pass that is made layer by layer, but for rounding."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.network.config import SMALL, NetworkConfig
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Border, Step
from impasto.model.network.passes import Pass
from impasto.model.network.statistics import Held
from impasto.model.network.style_network import StyleNetwork

NEAR = 2e-6
"""PyTorch's exponential and the kernels' own are so far apart at most, with what rounding that makes."""
CONFIGS = {
    "large": NetworkConfig(residual_blocks=2),
    "small": SMALL,
    "without blocks": NetworkConfig(residual_blocks=0),
}


def fast(config: NetworkConfig, kernels: Callable[..., Kernels] = Kernels) -> FastNetwork:
    torch.manual_seed(0)
    network = StyleNetwork(config).requires_grad_(False)
    found = FastNetwork(network)
    found.operations = kernels({norm.channels for norm in network.norms})
    return found


class OneByOne(Kernels):
    """Whose steps are not taken at once."""

    def at_once(self, steps: Sequence[Step], border: Border, less: float) -> None:
        return None


def one_by_one(network: FastNetwork) -> FastNetwork:
    other = copy(network)
    other.operations = OneByOne({size // 2 for size in network.style_sizes})
    return other


@pytest.fixture(scope="module", params=CONFIGS)
def network(request: pytest.FixtureRequest) -> FastNetwork:
    return fast(CONFIGS[request.param])


def randoms(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@settings(max_examples=15)
@given(images=st.integers(1, 3), height=st.integers(32, 75), width=st.integers(32, 75))
@example(images=2, height=32, width=33)
@example(images=1, height=37, width=34)
def test_at_once_is_layer_by_layer(network: FastNetwork, images: int, height: int, width: int) -> None:
    photos, styles = randoms(images, 3, height, width), 0.5 + randoms(images, sum(network.style_sizes))
    at_once, by_layer = network(photos, styles), one_by_one(network)(photos, styles)
    torch.testing.assert_close(at_once, by_layer, rtol=0, atol=NEAR)


@settings(max_examples=15)
@given(pace=st.sampled_from([0, 0.125, 1]), height=st.integers(32, 75), width=st.integers(32, 75))
@example(pace=0, height=32, width=33)
@example(pace=0.125, height=33, width=32)
def test_so_are_statistics_that_are_held(network: FastNetwork, pace: float, height: int, width: int) -> None:
    styles = 0.5 + randoms(1, sum(network.style_sizes))
    photos = randoms(3, 3, height, width)
    both = [(network, Held(pace)), (one_by_one(network), Held(pace))]
    for photo in photos.split(1):
        at_once, by_layer = (each.paint_held(photo, styles, held) for each, held in both)
        torch.testing.assert_close(at_once, by_layer, rtol=0, atol=NEAR)
    found, expected = (held.moments for _, held in both)
    assert found is not None
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_of_the_same_photo_held_statistics_stay_to_the_last_bit(network: FastNetwork) -> None:
    photos, styles, held = randoms(1, 3, 40, 50), randoms(1, sum(network.style_sizes)), Held(pace=0.3)
    painted = network.paint_held(photos, styles, held)
    moments = held.moments
    assert moments is not None
    assert network.paint_held(photos, styles, held).equal(painted)
    assert held.moments is not None and held.moments is not moments and held.moments.equal(moments)


def test_a_pass_that_fails_leaves_what_is_held(tmp_path: Path) -> None:
    network = fast(SMALL, lambda channels: Kernels([3, 32], cache=tmp_path))  # and not 64, of a later layer
    held = Held(pace=1, moments=torch.ones(sum(network.style_sizes), dtype=torch.float64))
    moments = held.moments
    with pytest.raises(ValueError, match="there are no kernels"):
        network.paint_held(randoms(1, 3, 40, 50), randoms(1, sum(network.style_sizes)), held)
    assert held.moments is moments and moments is not None and bool((moments == 1).all())


@pytest.mark.parametrize("height", [40, 300])
def test_photos_may_be_bytes_in_any_order(network: FastNetwork, height: int) -> None:
    photos, styles = (255 * randoms(2, 3, height, 50)).byte(), randoms(2, sum(network.style_sizes))
    expected = one_by_one(network)(photos.float() / 255, styles)
    pixels = photos[:1].permute(0, 2, 3, 1).contiguous()
    for each in (photos, photos.contiguous(memory_format=torch.channels_last)):
        torch.testing.assert_close(network(each, styles), expected, rtol=0, atol=NEAR)
    as_a_picture_has_them = pixels[0].permute(2, 0, 1)[None]
    torch.testing.assert_close(network(as_a_picture_has_them, styles[:1]), expected[:1], rtol=0, atol=NEAR)


def test_values_may_lie_in_any_order_and_precision(network: FastNetwork) -> None:
    photos, styles = randoms(2, 3, 40, 50), randoms(2, sum(network.style_sizes))
    expected = network(photos, styles)
    for each in (photos.contiguous(memory_format=torch.channels_last), photos.double(), photos.requires_grad_()):
        assert torch.equal(network(each, styles), expected)


def test_styles_and_statistics_of_another_network_are_errors(network: FastNetwork) -> None:
    photos, size = randoms(2, 3, 40, 50), sum(network.style_sizes)
    for shape in ((2, size - 2), (2, size + 2), (1, size)):
        with pytest.raises(ValueError, match=rf"styles are \(\d, \d+\) numbers, not \(2, {size}\)"):
            network(photos, randoms(*shape))
    held = Held(0.5, torch.zeros(size - 2, dtype=torch.float64))
    with pytest.raises(ValueError, match=f"are {size - 2} numbers, not {size}"):
        network.paint_held(photos[:1], randoms(1, size), held)


def test_paintings_go_when_nobody_has_them(network: FastNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    photos, styles, released = randoms(1, 3, 40, 50), randoms(1, sum(network.style_sizes)), []
    network(photos, styles)
    (at_once,) = (
        each for each in network._passes.values() if isinstance(each, Pass) and each._steps[-1][0].size == (40, 50)
    )
    release = at_once._release

    def watched(address: Any) -> None:
        released.append(address.value)
        release(address)

    monkeypatch.setattr(at_once, "_release", watched)
    painted = network(photos, styles)
    part = painted[:, :1]
    del painted
    assert not released and part.sum() > 0
    address = part.data_ptr()
    del part
    assert released == [address]


def test_nothing_happens_to_the_photos(network: FastNetwork) -> None:
    photos, styles = randoms(1, 3, 40, 50), randoms(1, sum(network.style_sizes))
    painted = network(photos, styles)
    assert torch.equal(photos, randoms(1, 3, 40, 50))
    assert torch.equal(painted, network(photos, styles))


def test_networks_whose_convolutions_are_pytorchs_go_layer_by_layer() -> None:
    wanted: list[Pass | None] = []

    class Watched(Kernels):
        def at_once(self, *of: Any) -> Pass | None:
            wanted.append(super().at_once(*of))
            return wanted[-1]

    network = fast(NetworkConfig(widths=(4, 6, 8), residual_blocks=1), Watched)
    network(randoms(1, 3, 40, 40), randoms(1, sum(network.style_sizes)))
    other = fast(SMALL, Watched)
    for _ in range(2):
        other(randoms(1, 3, 40, 40), randoms(1, sum(other.style_sizes)))
    assert wanted[0] is None and wanted[1] is not None and len(wanted) == 2  # the second time it is known


def test_channels_without_kernels_are_an_error(tmp_path: Path) -> None:
    network = fast(SMALL, lambda channels: Kernels([3, 32], cache=tmp_path))
    with pytest.raises(ValueError, match=r"there are no kernels for one of \[3, 32, 64\] channels"):
        network(randoms(1, 3, 40, 40), randoms(1, sum(network.style_sizes)))


SHORT = """
import resource
from pathlib import Path

import torch

from impasto.model.network.config import SMALL
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels
from impasto.model.network.style_network import StyleNetwork

network = StyleNetwork(SMALL).requires_grad_(False)
fast = FastNetwork(network)
fast.operations = Kernels({norm.channels for norm in network.norms})
photos, styles = torch.rand(1, 3, 2000, 2000), network.identity_style()[None]
fast(photos[..., :40, :40], styles)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + photos.nbytes + 2**24, -1))
try:
    fast(photos, styles)
except MemoryError as error:
    print(error)
"""
"""A process in which there is room for what enters the network, but not for what its first layer makes of it."""


@pytest.mark.skipif(sys.platform != "linux", reason="others bound it in other ways")
def test_too_little_memory_is_an_error() -> None:
    ended = subprocess.run([sys.executable, "-c", SHORT], capture_output=True, text=True, check=True)
    assert ended.stdout == "the features of a layer\n"


def test_of_very_many_sizes_the_network_keeps_some(network: FastNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.model.network.fast_network.KEPT", 3)
    network._passes.clear()
    styles = randoms(1, sum(network.style_sizes))
    for side in range(32, 44):
        network(randoms(1, 3, side, 33), styles)
        assert 1 <= len(network._passes) <= 3
