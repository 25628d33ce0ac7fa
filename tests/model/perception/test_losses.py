"""The losses against an independent reference: loops and float64 in numpy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.model.perception.losses import (
    color_variation,
    content_loss,
    gram,
    grid_energy,
    line_energy,
    relative_error,
    style_loss,
    total_variation,
)

Array = NDArray[np.float64]
random = np.random.default_rng(0)
FEATURES, TARGET = random.normal(size=(2, 2, 3, 5, 4))


def tensor(values: Array, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.tensor(values, dtype=dtype)


def reference_gram(features: Array) -> Array:
    batch, channels, height, width = features.shape
    result: Array = np.zeros((batch, channels, channels))
    for b, i, j in np.ndindex(result.shape):
        result[b, i, j] = sum(features[b, i, y, x] * features[b, j, y, x] for y, x in np.ndindex(height, width))
    result /= height * width
    return result


def mean_square(values: Array) -> Array:
    return np.array([sum(x * x for x in item.ravel()) / item.size for item in values])


def test_gram_is_the_mean_product_of_two_channels() -> None:
    np.testing.assert_allclose(gram(tensor(FEATURES)).numpy(), reference_gram(FEATURES), rtol=1e-5, atol=1e-6)


def test_gram_of_a_larger_picture_of_the_same_texture_is_the_same() -> None:
    features = tensor(FEATURES)
    torch.testing.assert_close(gram(features.repeat(1, 1, 2, 3)), gram(features))


def test_content_loss_is_the_mean_square_of_each_image() -> None:
    result = content_loss(tensor(FEATURES), tensor(TARGET))
    np.testing.assert_allclose(result.numpy(), mean_square(FEATURES - TARGET), rtol=1e-5)


def test_style_loss_is_the_mean_square_of_the_grams_of_each_image() -> None:
    result = style_loss(gram(tensor(FEATURES)), gram(tensor(TARGET)))
    np.testing.assert_allclose(
        result.numpy(), mean_square(reference_gram(FEATURES) - reference_gram(TARGET)), rtol=1e-5
    )


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.25])
def test_total_variation_is_the_power_of_the_squared_gradient(exponent: float) -> None:
    images = np.random.default_rng(1).random((2, 3, 6, 7))
    down = images[:, :, 1:, :-1] - images[:, :, :-1, :-1]
    right = images[:, :, :-1, 1:] - images[:, :, :-1, :-1]
    expected = ((down**2 + right**2) ** exponent).mean(axis=(1, 2, 3))
    found = total_variation(torch.from_numpy(images), exponent)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-3)


def test_total_variation_has_a_slope_where_nothing_varies() -> None:
    flat = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    total_variation(flat, 0.5).sum().backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_color_variation_is_the_total_variation_of_the_opponent_channels() -> None:
    red, green, blue = FEATURES[:, 0], FEATURES[:, 1], FEATURES[:, 2]
    opponents = np.stack([red - green, blue - (red + green) / 2], axis=1)
    expected = total_variation(tensor(opponents))
    torch.testing.assert_close(color_variation(tensor(FEATURES)), expected, rtol=1e-5, atol=1e-6)


def test_what_varies_in_brightness_alone_has_no_color_variation() -> None:
    grey = tensor(FEATURES[:, :1]).expand(-1, 3, -1, -1)
    assert color_variation(grey).max() < 1e-12
    assert total_variation(grey).min() > 0.1


def noise(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_what_repeats_every_four_pixels_is_all_grid_energy_and_noise_is_none() -> None:
    tile = noise(4, 4)
    assert grid_energy(tile.repeat(1, 1, 32, 32)).min() > 0.95
    assert grid_energy(noise(128, 128)).max() < 0.02


def test_a_grid_between_strokes_is_found_by_its_share() -> None:
    grid = 0.3 * noise(4, 4, seed=1).repeat(1, 1, 32, 32)
    shares = torch.stack([grid_energy(strokes * noise(128, 128) + grid) for strokes in (1.0, 0.3, 0.1)])
    assert (shares.diff(dim=0) > 0.1).all()


@pytest.mark.parametrize("picture", ["shades", "stripes five pixels apart", "a flat picture"])
def test_what_lies_anywhere_on_the_grid_has_no_grid_energy(picture: str) -> None:
    column = torch.arange(160.0)
    row = {"shades": column / 160, "stripes five pixels apart": column % 5 < 2, "a flat picture": 0 * column}[picture]
    assert grid_energy(row.float().expand(1, 3, 160, -1)).max() < 0.01


@pytest.mark.parametrize("size", [(32, 32), (33, 130), (67, 65)])
def test_grid_energy_is_a_share_for_every_size(size: tuple[int, int]) -> None:
    share = grid_energy(noise(*size))
    assert share.shape == (2,)
    assert (share > 0).all() and (share < 0.1).all()


def test_descending_its_gradient_takes_a_grid_away() -> None:
    picture = (0.5 * noise(64, 64) + 0.2 * noise(4, 4, seed=1).repeat(1, 1, 16, 16)).requires_grad_()
    before = grid_energy(picture)
    (gradient,) = torch.autograd.grad(before.sum(), picture)
    after = grid_energy(picture - 20 * gradient)
    assert (after < 0.5 * before).all()


def lines(period: float, degrees: float) -> Tensor:
    """Faint regular lines on noise, (1, 3, 144, 144)."""
    down, right = torch.arange(144.0)[:, None], torch.arange(144.0)
    angle = math.radians(degrees)
    wave = torch.cos((down * math.sin(angle) + right * math.cos(angle)) * math.tau / period)
    return noise(144, 144)[:1] + 0.2 * wave


@pytest.mark.parametrize("period", [4, 7, 10])
@pytest.mark.parametrize("degrees", [25, 45, 130])
def test_regular_oblique_lines_are_found_in_noise(period: float, degrees: float) -> None:
    assert line_energy(lines(period, degrees)).item() > 10 * line_energy(noise(144, 144)).mean().item() + 5


def test_edges_are_no_lines() -> None:
    down, right = torch.arange(144)[:, None], torch.arange(144)
    edge = (down + right > 150).float().expand(1, 3, -1, -1)
    assert line_energy(edge).item() < 0.5
    assert line_energy(torch.full((1, 3, 64, 64), 0.5)).item() == 0


def test_descending_its_gradient_takes_lines_away() -> None:
    picture = lines(6, 40).requires_grad_()
    for _ in range(20):
        (gradient,) = torch.autograd.grad(line_energy(picture).sum(), picture)
        picture = (picture - 0.02 * gradient / gradient.abs().mean()).detach().requires_grad_()
    assert line_energy(picture).item() < 0.2 * line_energy(lines(6, 40)).item()


@pytest.mark.parametrize("size", [(32, 32), (33, 130), (67, 65)])
def test_line_energy_is_one_number_per_image_of_every_size(size: tuple[int, int]) -> None:
    pictures = noise(*size)
    alone = torch.cat([line_energy(pictures[n : n + 1]) for n in range(2)])
    torch.testing.assert_close(line_energy(pictures), alone)


def test_relative_error_is_the_squared_distance_over_the_squared_length() -> None:
    expected = [((x - y) ** 2).sum() / (y**2).sum() for x, y in zip(FEATURES, TARGET, strict=True)]
    np.testing.assert_allclose(relative_error(tensor(FEATURES), tensor(TARGET)).numpy(), expected, rtol=1e-5)


def test_relative_error_is_zero_for_equal_and_one_for_nothing() -> None:
    target = tensor(TARGET)
    assert relative_error(target, target).tolist() == [0, 0]
    assert relative_error(torch.zeros_like(target), target).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("loss", [content_loss, relative_error])
def test_a_loss_is_one_number_per_image_and_knows_no_other_image(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    features, target = tensor(FEATURES), tensor(TARGET)
    alone = [loss(features[n : n + 1], target[n : n + 1]) for n in range(2)]
    torch.testing.assert_close(loss(features, target), torch.cat(alone))


def test_losses_leave_their_arguments_as_they_were() -> None:
    features, target = tensor(FEATURES), tensor(TARGET)
    for loss in (content_loss, relative_error):
        loss(features, target)
    style_loss(gram(features), gram(target))
    total_variation(features)
    assert torch.equal(features, tensor(FEATURES))
    assert torch.equal(target, tensor(TARGET))


@pytest.mark.parametrize(
    "loss", [total_variation, color_variation, lambda x: relative_error(x, tensor(TARGET, torch.float64))]
)
def test_gradients_are_those_of_finite_differences(loss: Callable[[Tensor], Tensor]) -> None:
    assert torch.autograd.gradcheck(loss, tensor(FEATURES, torch.float64).requires_grad_())


def test_the_gradient_of_the_style_loss_is_that_of_its_formula() -> None:
    """∂/∂F of mean((G − T)²) = 4 (G − T) F / (C² · H·W), for a symmetric target."""
    features = tensor(FEATURES).requires_grad_()
    target = gram(tensor(TARGET))
    style_loss(gram(features), target).sum().backward()
    difference = reference_gram(FEATURES) - reference_gram(TARGET)
    expected = 4 * np.einsum("bij,bjyx->biyx", difference, FEATURES) / (3 * 3 * 5 * 4)
    assert features.grad is not None
    np.testing.assert_allclose(features.grad.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_gram_and_content_loss_are_float32_under_autocast() -> None:
    features, target = tensor(FEATURES), tensor(TARGET)
    with torch.autocast("cpu", torch.bfloat16):
        grams, content = gram(features), content_loss(features, target)
    assert torch.equal(grams, gram(features))
    assert torch.equal(content, content_loss(features, target))


def test_gram_of_half_precision_features_is_summed_in_float32() -> None:
    features = torch.full((1, 1, 100, 100), 30.0, dtype=torch.float16)  # the sum is 9,000,000; float16 ends at 65,504
    assert gram(features).item() == pytest.approx(900)
