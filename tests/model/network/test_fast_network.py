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
from impasto.model.network.config import NetworkConfig
from impasto.model.network.fast_network import (
    FastNetwork,
    Normalize,
    Then,
    corner_weights,
    normalize,
    strided_weights,
)
from impasto.model.network.kernels import Kernels
from impasto.model.network.style_network import StyleNetwork
from impasto.model.pictures import images
from impasto.model.styles.table import StyleTable


@pytest.fixture(scope="module", params=["PyTorch", "kernels"])
def operation(request: pytest.FixtureRequest, tiny_network: StyleNetwork) -> Normalize:
    return normalize if request.param == "PyTorch" else Kernels(norm.channels for norm in tiny_network.norms)


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def decibels(one: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio of pictures in [0, 1]."""
    return float(-10 * (one - other).square().mean().log10())


@given(height=st.integers(32, 75), width=st.integers(32, 75))
@example(height=32, width=32)
@example(height=33, width=35)
@example(height=34, width=37)
def test_a_picture_of_any_size_is_that_of_the_trained_network(
    operation: Normalize, tiny_network: StyleNetwork, tiny_styles: StyleTable, height: int, width: int
) -> None:
    photos, vectors = randoms(2, 3, height, width), tiny_styles.vectors[:2]
    fast = FastNetwork(tiny_network)
    fast.normalize = operation
    torch.testing.assert_close(fast(photos, vectors), tiny_network(photos, vectors), rtol=0, atol=2e-5)


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
        for operation in (normalize, kernels):
            fast = FastNetwork(shipped.network, torch.bfloat16)
            fast.normalize = operation
            painted = fast(photo, vector[None])
            assert painted.dtype == torch.float32
            assert decibels(painted, exact) > 50
            assert (painted - exact).abs().mean() < 1 / 255


def test_an_image_is_the_same_whatever_else_is_in_its_batch(
    operation: Normalize, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    photos = randoms(3, 3, 41, 50)
    fast = FastNetwork(tiny_network)
    fast.normalize = operation
    alone = [fast(photos[n : n + 1], tiny_styles.vectors[n : n + 1]) for n in range(3)]
    torch.testing.assert_close(fast(photos, tiny_styles.vectors), torch.cat(alone), rtol=0, atol=1e-5)


def test_a_flat_photo_has_a_finite_painting(
    operation: Normalize, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    fast = FastNetwork(tiny_network)
    fast.normalize = operation
    assert fast(torch.full((1, 3, 48, 48), 0.9), tiny_styles.vectors[:1]).isfinite().all()


@given(height=st.integers(2, 9), width=st.integers(2, 9))
def test_a_convolution_over_corners_is_one_of_doubled_features(height: int, width: int) -> None:
    small, weight = randoms(1, 4, (height + 1) // 2, (width + 1) // 2), randoms(5, 4, 3, 3, seed=1)
    edged = F.pad(small, (1, 1, 1, 1), mode="replicate")
    large = F.interpolate(edged, scale_factor=2.0)[..., 1 : height + 3, 1 : width + 3]
    corners = F.conv2d(edged, corner_weights(weight))
    plain = torch.tensor([[1.0] * 5 + [0.0] * 5])
    expected = normalize(F.conv2d(large, weight), plain, (height, width), Then())
    torch.testing.assert_close(
        normalize(corners, plain, (height, width), Then(doubled=True)), expected, rtol=0, atol=1e-3
    )


def test_a_convolution_by_two_pixels_at_once_is_one_by_single_pixels() -> None:
    features, weight = randoms(1, 4, 19, 24), randoms(3, 4, 9, 9, seed=1)
    expected = F.conv2d(features, weight)  # 11 × 16
    padded = F.pad(features, (1, 1, 1, 2))
    corners = F.conv2d(padded, strided_weights(weight), stride=2)
    plain = torch.tensor([[1.0] * 3 + [0.0] * 3])
    torch.testing.assert_close(
        normalize(corners, plain, (11, 16), Then(doubled=True)),
        normalize(expected, plain, (11, 16), Then()),
        rtol=0,
        atol=1e-4,
    )


Operation = Callable[[Normalize], Tensor]

STYLE = randoms(2, 16, seed=3) - 0.3
CASES: dict[str, Operation] = {
    "plain": lambda op: op(randoms(2, 8, 7, 9), STYLE, (7, 9), Then()),
    "without ReLU": lambda op: op(randoms(2, 8, 7, 9), STYLE, (7, 9), Then(relu=False)),
    "mirrored": lambda op: op(randoms(2, 8, 7, 9), STYLE, (7, 9), Then(padding=(4, 5, 4))),
    "replicated": lambda op: op(randoms(2, 8, 7, 9), STYLE, (7, 9), Then(padding=(1, 1, 1), replicate=True)),
    "residual": lambda op: op(
        randoms(2, 8, 7, 9), STYLE, (7, 9), Then(residual=randoms(2, 8, 9, 11, seed=2), padding=(1, 1, 1))
    ),
    "doubled": lambda op: op(randoms(2, 32, 5, 6), STYLE, (7, 9), Then(doubled=True, padding=(1, 2, 3))),
    "bfloat16": lambda op: op(randoms(2, 8, 7, 9).bfloat16(), STYLE, (7, 9), Then(padding=(1, 1, 1))),
    "exact": lambda op: op(randoms(2, 8, 7, 9).bfloat16(), STYLE, (7, 9), Then(exact=True)),
    "nearly flat": lambda op: op(1e-3 * randoms(2, 8, 7, 9), STYLE, (7, 9), Then()),  # a variance far below ε
    "far from zero": lambda op: op(1000 + randoms(2, 8, 7, 9), STYLE, (7, 9), Then()),
}


@pytest.mark.parametrize("case", CASES)
def test_the_kernels_do_what_pytorch_does(case: str) -> None:
    expected, found = CASES[case](normalize), CASES[case](Kernels([8]))
    assert found.dtype == expected.dtype
    tolerance = 2e-2 if found.dtype == torch.bfloat16 else 1e-3 if case == "far from zero" else 1e-5
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


def test_kernels_for_other_channels_are_an_error_not_a_wrong_picture() -> None:
    with pytest.raises(ValueError, match="8 channels"):
        Kernels([4])(randoms(1, 8, 5, 5), STYLE[:1], (5, 5), Then())
