"""The network: its numbers, its shapes, and that a style belongs to one image."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.network.config import SMALL, NetworkConfig
from impasto.model.network.style_network import ConditionalInstanceNorm, StyleNetwork
from impasto.model.styles.table import StyleTable


def random_images(count: int, height: int = 32, width: int = 32, *, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_the_papers_network_has_1674432_convolution_weights_and_3206_numbers_a_style() -> None:
    with torch.device("meta"):
        network = StyleNetwork()
    assert sum(weight.numel() for weight in network.parameters()) == 1_674_432
    assert network.style_size == 3_206


def test_every_parameter_is_a_convolutions_so_styles_live_outside(tiny_network: StyleNetwork) -> None:
    assert all(name.endswith("conv.weight") for name, _ in tiny_network.named_parameters())
    assert not list(tiny_network.buffers())


def test_widths_and_depth_come_from_the_config() -> None:
    network = StyleNetwork(NetworkConfig(widths=(2, 3, 5), residual_blocks=4))
    assert [weight.shape[0] for weight in network.encoder.parameters()] == [2, 3, 5]
    assert len(network.residual) == 4
    assert network.style_size == 2 * (2 + 3 + 5 + 4 * 2 * 5 + 3 + 2 + 3)


def test_the_small_network_has_nothing_as_large_as_the_photo_and_half_the_numbers_a_style() -> None:
    with torch.device("meta"):
        network = StyleNetwork(SMALL)
    assert sum(weight.numel() for weight in network.parameters()) == 414_912
    assert network.style_size == 1_542
    photos = torch.rand(1, 3, 41, 54)
    network = StyleNetwork(replace(SMALL, residual_blocks=1))
    sizes: list[tuple[int, ...]] = []
    for norm in network.norms:
        norm.register_forward_hook(lambda module, inputs, features: sizes.append(tuple(features.shape[1:])))
    painted = network(photos, network.identity_style()[None])
    assert [size for size in sizes if size[1] > 21] == [(3, 41, 54)]
    assert painted.shape == photos.shape


@given(height=st.integers(32, 75), width=st.integers(32, 75))
@example(height=32, width=32)
@example(height=33, width=35)
@example(height=37, width=70)
def test_a_painting_has_the_size_of_its_photo(
    tiny_network: StyleNetwork, tiny_styles: StyleTable, height: int, width: int
) -> None:
    painted = tiny_network(random_images(1, height, width), tiny_styles.vectors[:1])
    assert painted.shape == (1, 3, height, width)
    assert painted.min() >= 0
    assert painted.max() <= 1


@pytest.mark.parametrize("size", [(31, 64), (64, 31), (1, 1)])
def test_a_photo_smaller_than_32_pixels_is_an_error(
    tiny_network: StyleNetwork, tiny_styles: StyleTable, size: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="at least 32 pixels"):
        tiny_network(random_images(1, *size), tiny_styles.vectors[:1])


def test_images_without_three_channels_are_an_error(tiny_network: StyleNetwork, tiny_styles: StyleTable) -> None:
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\)"):
        tiny_network(torch.rand(1, 4, 32, 32), tiny_styles.vectors[:1])


def test_one_style_vector_for_two_images_is_an_error(tiny_network: StyleNetwork, tiny_styles: StyleTable) -> None:
    with pytest.raises(ValueError, match="one per image"):
        tiny_network(random_images(2), tiny_styles.vectors[:1])


def test_style_vectors_of_another_network_are_an_error(tiny_network: StyleNetwork) -> None:
    with pytest.raises(ValueError, match="style_vectors must be"):
        tiny_network(random_images(1), torch.zeros(1, tiny_network.style_size + 2))


@given(weights=st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=2, max_size=4))
def test_images_in_one_batch_do_not_influence_each_other(
    tiny_network: StyleNetwork, tiny_styles: StyleTable, weights: list[list[float]]
) -> None:
    blends = F.normalize(torch.tensor(weights), p=1, dim=1) @ tiny_styles.vectors
    images = random_images(len(weights), 33, 40)
    alone = [tiny_network(images[n : n + 1], blends[n : n + 1]) for n in range(len(weights))]
    together = tiny_network(images, blends)
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-5)


def test_different_styles_paint_the_same_photo_differently(tiny_network: StyleNetwork, tiny_styles: StyleTable) -> None:
    first, second, _ = tiny_network(random_images(1).expand(3, -1, -1, -1), tiny_styles.vectors)
    assert (first - second).abs().mean() > 0.01


def test_a_painting_depends_on_every_number_of_its_style(tiny_network: StyleNetwork) -> None:
    style = tiny_network.identity_style()[None].requires_grad_()
    tiny_network(random_images(1), style).square().sum().backward()
    assert style.grad is not None
    assert (style.grad != 0).float().mean() > 0.9  # a ReLU may switch a whole channel off


def test_the_identity_style_only_normalizes() -> None:
    norm = ConditionalInstanceNorm(2)
    style = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    features = torch.randn(1, 2, 9, 7, generator=torch.Generator().manual_seed(0)) * 5 + 3
    torch.testing.assert_close(norm(features, style), F.instance_norm(features, eps=1e-5), rtol=1e-4, atol=1e-5)


def test_identity_style_is_gamma_one_and_beta_zero_of_each_layer(tiny_network: StyleNetwork) -> None:
    first_layer = tiny_network.identity_style()[:8]
    assert first_layer.tolist() == [1.0] * 4 + [0.0] * 4
    assert tiny_network.identity_style().shape == (tiny_network.style_size,)


def test_gamma_scales_and_beta_shifts_each_channel_of_each_image() -> None:
    features = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    result = ConditionalInstanceNorm(1)(features, torch.tensor([[2.0, 5.0], [3.0, -1.0]]))
    torch.testing.assert_close(result.mean(dim=(1, 2, 3)), torch.tensor([5.0, -1.0]), rtol=0, atol=1e-5)
    torch.testing.assert_close(result.std(dim=(1, 2, 3), correction=0), torch.tensor([2.0, 3.0]), rtol=1e-4, atol=0)


def test_the_normalization_agrees_with_its_formula_in_float64() -> None:
    features = torch.randn(1, 2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    style = torch.tensor([[1.5, 0.5, -0.3, 2.0]])
    deviation, mean = torch.std_mean(features, dim=(2, 3), correction=0, keepdim=True)
    expected = torch.tensor([1.5, 0.5]).view(1, 2, 1, 1) * (features - mean) / (deviation**2 + 1e-5).sqrt()
    expected = expected + torch.tensor([-0.3, 2.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(ConditionalInstanceNorm(2)(features, style), expected, rtol=1e-5, atol=1e-5)


def test_a_flat_channel_becomes_its_beta_and_nothing_infinite() -> None:
    result = ConditionalInstanceNorm(1)(torch.full((1, 1, 32, 32), 0.7), torch.tensor([[4.0, 0.25]]))
    torch.testing.assert_close(result, torch.full((1, 1, 32, 32), 0.25), rtol=0, atol=1e-3)


def test_statistics_of_bfloat16_features_are_float32() -> None:
    """256 + {0, 2}: neighbours in bfloat16, whose mean and variance no bfloat16 sum could hold."""
    ones = (torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) < 0.1).float()
    features = (256 + 2 * ones).bfloat16()
    result = ConditionalInstanceNorm(1)(features, torch.tensor([[1.0, 0.0]]))
    expected = (ones - ones.mean()) / ones.std(correction=0)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), expected, rtol=0.01, atol=0.01)


def test_under_autocast_a_painting_stays_near_the_float32_one(
    tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    images = random_images(3, 48, 48)
    exact = tiny_network(images, tiny_styles.vectors)
    with torch.autocast("cpu", torch.bfloat16):
        painted = tiny_network(images, tiny_styles.vectors)
    assert painted.dtype == torch.bfloat16
    assert (painted.float() - exact).abs().mean() < 0.02
