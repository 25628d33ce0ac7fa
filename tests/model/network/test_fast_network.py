"""The rearranged network paints what the trained one paints, with and without the CPU's kernels."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from impasto.app.painting.previews import PHOTO
from impasto.model.network.checkpoint import load
from impasto.model.network.config import SMALL, NetworkConfig
from impasto.model.network.fast_network import FastNetwork, corner_weights, strided_weights
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Operations, Then, Window, around_corners
from impasto.model.network.statistics import Statistics
from impasto.model.network.style_map import StyleMap
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.pictures import images
from impasto.model.styles.table import StyleTable
from tests.networks import TINY_SMALL
from tests.networks import tiny_network as network_of
from tests.networks import tiny_styles as styles_of
from tests.pictures import decibels


@pytest.fixture(scope="module", params=["PyTorch", "kernels"])
def operations(request: pytest.FixtureRequest, tiny_network: StyleNetwork) -> Operations:
    return Operations() if request.param == "PyTorch" else Kernels(norm.channels for norm in tiny_network.norms)


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def window(height: int, width: int) -> Window:
    return range(height), range(width)


@given(height=st.integers(32, 75), width=st.integers(32, 75))
@example(height=32, width=32)
@example(height=33, width=35)
@example(height=34, width=37)
def test_a_picture_of_any_size_is_that_of_the_trained_network(
    operations: Operations, tiny_network: StyleNetwork, tiny_styles: StyleTable, height: int, width: int
) -> None:
    photos, vectors = randoms(2, 3, height, width), tiny_styles.vectors[:2]
    fast = FastNetwork(tiny_network)
    fast.operations = operations
    torch.testing.assert_close(fast(photos, vectors), tiny_network(photos, vectors), rtol=0, atol=2e-5)


@given(height=st.integers(32, 75), width=st.integers(32, 75))
@example(height=32, width=32)
@example(height=33, width=35)
def test_a_picture_of_the_small_network_is_that_of_the_trained_one(
    operations: Operations, height: int, width: int
) -> None:
    network = network_of(TINY_SMALL)
    photos, vectors = randoms(2, 3, height, width), styles_of(network).vectors[:2]
    fast = FastNetwork(network)
    fast.operations = operations
    torch.testing.assert_close(fast(photos, vectors), network(photos, vectors), rtol=0, atol=2e-5)


def test_what_a_pass_takes_is_told_by_the_largest_features() -> None:
    kernels = Kernels([3, 32, 64, 128])
    in_bfloat16 = (kernels.stored, 2) if kernels.multiplies_matrices else (torch.bfloat16, 4)
    for dtype, stored, copies in ((torch.float32, kernels.stored, 2), (torch.bfloat16, *in_bfloat16)):
        large, small = (FastNetwork(StyleNetwork(config), dtype) for config in (NetworkConfig(), SMALL))
        pictures = 3 * torch.float32.itemsize * 3
        assert large.bytes_at_once - pictures == 4 * (small.bytes_at_once - pictures) == 32 * dtype.itemsize * 4
        large.operations = small.operations = kernels
        assert large.bytes_at_once - pictures == 32 * stored.itemsize * copies
        assert small.bytes_at_once - pictures == 8 * stored.itemsize * copies


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_a_network_may_have_any_number_of_residual_blocks(blocks: int) -> None:
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(widths=(2, 3, 5), residual_blocks=blocks)).requires_grad_(False)
    photos, vectors = randoms(1, 3, 37, 42), network.identity_style()[None]
    torch.testing.assert_close(FastNetwork(network)(photos, vectors), network(photos, vectors), rtol=0, atol=2e-5)


@pytest.mark.parametrize("size", [(256, 256), (215, 162)])
def test_the_shipped_network_keeps_50_decibels_in_bfloat16_on_a_real_photo(size: tuple[int, int]) -> None:
    shipped = load()
    shipped.network.requires_grad_(False)
    photo = F.interpolate(images.decode(PHOTO.read_bytes()).rgb[None], size, mode="area")
    kernels = Kernels(norm.channels for norm in shipped.network.norms)
    for vector in shipped.styles.vectors[1::15]:
        exact = shipped.network(photo, vector[None])
        for operations in (Operations(), kernels):
            fast = FastNetwork(shipped.network, torch.bfloat16)
            fast.operations = operations
            painted = fast(photo, vector[None])
            assert painted.dtype == torch.float32
            assert decibels(painted, exact) > 50
            assert (painted - exact).abs().mean() < 1 / 255


def test_an_image_is_the_same_whatever_else_is_in_its_batch(
    operations: Operations, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    photos = randoms(3, 3, 41, 50)
    fast = FastNetwork(tiny_network)
    fast.operations = operations
    alone = [fast(photos[n : n + 1], tiny_styles.vectors[n : n + 1]) for n in range(3)]
    torch.testing.assert_close(fast(photos, tiny_styles.vectors), torch.cat(alone), rtol=0, atol=1e-5)


def test_a_flat_photo_has_a_finite_painting(
    operations: Operations, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    fast = FastNetwork(tiny_network)
    fast.operations = operations
    assert fast(torch.full((1, 3, 48, 48), 0.9), tiny_styles.vectors[:1]).isfinite().all()


@given(height=st.integers(2, 9), width=st.integers(2, 9), kernel=st.sampled_from([3, 7]))
def test_a_convolution_over_corners_is_one_of_doubled_features(height: int, width: int, kernel: int) -> None:
    small, weight = randoms(1, 4, (height + 1) // 2, (width + 1) // 2), randoms(5, 4, kernel, kernel, seed=1)
    beyond = (kernel + 1) // 4
    edged = F.pad(small, (beyond,) * 4, mode="replicate")
    large = F.interpolate(edged, scale_factor=2.0)[..., 1 : height + kernel, 1 : width + kernel]
    corners = F.conv2d(edged, corner_weights(weight))
    expected = F.conv2d(large, weight)
    torch.testing.assert_close(around_corners(corners, window(height, width)), expected, rtol=1e-5, atol=1e-4)


def test_a_convolution_by_two_pixels_at_once_is_one_by_single_pixels() -> None:
    features, weight = randoms(1, 4, 19, 24), randoms(3, 4, 9, 9, seed=1)
    expected = F.conv2d(features, weight)  # 11 × 16
    padded = F.pad(features, (1, 1, 1, 2))
    corners = F.conv2d(padded, strided_weights(weight), stride=2)
    torch.testing.assert_close(around_corners(corners, window(11, 16)), expected, rtol=0, atol=1e-4)


Case = Callable[[Operations], Tensor]

STYLE = randoms(2, 16, seed=3) - 0.3
GIVEN = Operations().measure(randoms(2, 8, 5, 5, seed=4), window(5, 5), False)
ODD = (range(3, 10), range(4, 13))


def normalized(features: Tensor, then: Then, *, within: Window = ODD, given: Statistics | None = None) -> Case:
    return lambda operations: operations.normalize(features, STYLE, within, then, given)


CASES: dict[str, Case] = {
    "plain": normalized(randoms(2, 8, 7, 9), Then()),
    "without ReLU": normalized(randoms(2, 8, 7, 9), Then(relu=False)),
    "mirrored": normalized(randoms(2, 8, 7, 9), Then(padding=(4, 5, 3, 4))),
    "replicated": normalized(randoms(2, 8, 7, 9), Then(padding=(1, 0, 1, 2), replicate=True)),
    "residual": normalized(randoms(2, 8, 7, 9), Then(residual=randoms(2, 8, 7, 9, seed=2), padding=(1, 1, 1, 1))),
    "doubled": normalized(randoms(2, 32, 5, 6), Then(doubled=True, padding=(1, 3, 1, 2)), within=window(7, 9)),
    "doubled, from the middle of a corner": normalized(randoms(2, 32, 4, 6), Then(doubled=True, padding=(0, 3, 1, 0))),
    "a window of larger features": normalized(randoms(2, 8, 20, 30)[..., 3:10, 4:13], Then(padding=(1, 1, 0, 0))),
    "given statistics": normalized(randoms(2, 8, 7, 9), Then(), given=GIVEN),
    "statistics for all images": normalized(randoms(2, 8, 7, 9), Then(), given=GIVEN.pooled()),
    "bfloat16": normalized(randoms(2, 8, 7, 9).bfloat16(), Then(padding=(1, 1, 1, 1))),
    "exact": normalized(randoms(2, 8, 7, 9).bfloat16(), Then(exact=True)),
    "nearly flat": normalized(1e-3 * randoms(2, 8, 7, 9), Then()),  # a variance far below ε
    "far from zero": normalized(1000 + randoms(2, 8, 7, 9), Then()),
}


@pytest.mark.parametrize("case", CASES)
def test_the_kernels_do_what_pytorch_does(case: str) -> None:
    expected, found = CASES[case](Operations()), CASES[case](Kernels([8]))
    assert found.dtype == expected.dtype
    tolerance = 2e-2 if found.dtype == torch.bfloat16 else 1e-3 if case == "far from zero" else 1e-5
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("channels", [3, 8, 40])
@pytest.mark.parametrize("exact", [True, False])
def test_the_kernels_normalize_what_they_left_as_pytorch_does(channels: int, exact: bool) -> None:
    kernels = Kernels([channels])
    features, other = (randoms(2, channels, 7, 9, seed=seed).to(kernels.stored) for seed in (1, 2))
    style, around = 1 + randoms(2, 2 * channels, 1, 1)[..., 0, 0] / 4, randoms(2, 4 * channels, 4, 5).to(kernels.stored)
    for then, x in (
        (Then(padding=(4, 5, 3, 4), exact=exact), features),
        (Then(residual=other.float(), padding=(1, 1, 1, 1), exact=exact), features),
        (Then(doubled=True, padding=(1, 3, 1, 2), exact=exact), around),
    ):
        found = kernels.normalize(x, style, window(7, 9), then)
        expected = Operations().normalize(x.float(), style, window(7, 9), then)
        assert found.dtype == (torch.float32 if exact else kernels.stored)
        rounded = torch.finfo(found.dtype).eps
        torch.testing.assert_close(found.float(), expected, rtol=rounded, atol=1e-5)


@pytest.mark.parametrize("widths", [(32, 24, 64), (24, 64, 32), (64, 32, 24), (32, 24), (24, 32), (32, 64)])
def test_convolutions_of_pytorch_and_of_the_kernels_follow_one_another(
    widths: tuple[int, int, int] | tuple[int, int],
) -> None:
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(widths, residual_blocks=1)).requires_grad_(False)
    fast, photo = FastNetwork(network), randoms(1, 3, 61, 70)
    fast.operations = Kernels(norm.channels for norm in network.norms)
    styles = torch.stack([network.identity_style(), 0.5 * network.identity_style()])
    share = torch.linspace(0, 1, 4).expand(4, 4)
    both = styles[None], torch.stack([share, 1 - share])[None]
    for style in (styles[:1], StyleMap(*both), StyleMap(*both, by_region=True)):
        expected = network(photo, style)
        for painted in (fast(photo, style), paint_in_tiles(fast, photo, style, tile=32)):
            assert decibels(painted, expected) > 50
    held = fast.statistics_of([photo], styles[0])
    assert decibels(fast(photo, styles[:1], held), network(photo, styles[:1])) > 50


def test_kernels_for_other_channels_are_an_error_not_a_wrong_picture() -> None:
    with pytest.raises(ValueError, match="8 channels"):
        Kernels([4]).normalize(randoms(1, 8, 5, 5), STYLE[:1], window(5, 5), Then())
    with pytest.raises(ValueError, match="8 channels"):
        Kernels([4]).measure(randoms(1, 8, 5, 5), window(5, 5), False)
