"""The objective against formulas written down once more, in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.loss_network import LossNetwork
from impasto.model.perception.losses import color_variation, grid_energy, line_energy, total_variation
from impasto.model.perception.objective import Losses, Objective
from tests.pictures import painting, photo

Array = NDArray[np.float64]
CONFIG = ObjectiveConfig(color_variation_weight=0, grid_weight=0, line_weight=0)
PLAIN = replace(CONFIG, gram_energy=None)


def as_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


PAINTINGS = [as_tensor(painting(n, height=48, width=40 + 8 * n)) for n in range(3)]
PHOTOS = torch.stack([as_tensor(photo(n, height=40, width=48)) for n in range(2)])
PAINTED = torch.stack([as_tensor(photo(n, height=40, width=48)) for n in (5, 6)])
ROWS = torch.tensor([2, 0])


def numbers(losses: Losses) -> dict[str, list[float]]:
    return {name: getattr(losses, name).tolist() for name in Losses.__dataclass_fields__}


class Reference:
    """The definitions of the paper and the issue, image by image."""

    def __init__(self, vgg_weights: dict[str, Tensor], config: ObjectiveConfig) -> None:
        layers = {config.content_layer, *config.style_layers}
        self.network = LossNetwork(layers, vgg_weights, pooling=config.pooling)
        self.config = config

    def features(self, picture: Tensor, layer: str) -> Array:
        features: Array = self.network(picture[None])[layer][0].double().numpy()
        return features

    def gram(self, picture: Tensor, layer: str) -> Array:
        features = self.features(picture, layer)
        return np.asarray(np.einsum("ihw,jhw->ij", features, features) / features[0].size)

    def content(self, painted: Tensor, photo: Tensor) -> float:
        layer = self.config.content_layer
        return float(np.mean((self.features(painted, layer) - self.features(photo, layer)) ** 2))

    def content_error(self, painted: Tensor, photo: Tensor) -> float:
        y, x = (self.features(picture, self.config.content_layer) for picture in (painted, photo))
        return float(np.sum((y - x) ** 2) / np.sum(x**2))

    def scale(self, style: Tensor, layer: str) -> float:
        if self.config.gram_energy is None:
            return 1.0
        energies = {name: float(np.mean(self.gram(style, name) ** 2)) for name in self.config.style_layers}
        return self.config.gram_energy / energies[layer]

    def style(self, painted: Tensor, style: Tensor) -> float:
        total = 0.0
        for layer, weight in zip(self.config.style_layers, self.config.style_weights, strict=True):
            wanted, scale = self.gram(style, layer), self.scale(style, layer)
            total += float(weight * scale * np.mean((self.gram(painted, layer) - wanted) ** 2))
        return total

    def style_distance(self, painted: Tensor, style: Tensor) -> float:
        pairs = [(self.gram(painted, layer), self.gram(style, layer)) for layer in self.config.style_layers]
        return float(sum(np.sum((y - s) ** 2) / np.sum(s**2) for y, s in pairs))


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        PLAIN,
        replace(CONFIG, pooling="max", content_layer="relu2_2", content_weight=2.5),
        replace(CONFIG, style_layers=("relu1_1", "relu3_1"), style_weights=(1e-3, 1e-5)),
    ],
    ids=["default", "plain", "content", "layers"],
)
def test_every_loss_is_that_of_its_definition(
    by_pytorch: None, vgg_weights: dict[str, Tensor], config: ObjectiveConfig
) -> None:
    found = numbers(Objective(config, PAINTINGS, vgg_weights)(PAINTED, PHOTOS, ROWS))
    reference = Reference(vgg_weights, config)
    for n, row in enumerate(ROWS.tolist()):
        content = config.content_weight * reference.content(PAINTED[n], PHOTOS[n])
        style = reference.style(PAINTED[n], PAINTINGS[row])
        distance = reference.style_distance(PAINTED[n], PAINTINGS[row])
        assert found["content"][n] == pytest.approx(content, rel=1e-4)
        assert found["style"][n] == pytest.approx(style, rel=1e-4)
        assert found["total"][n] == pytest.approx(content + style, rel=1e-4)
        assert found["content_error"][n] == pytest.approx(reference.content_error(PAINTED[n], PHOTOS[n]), rel=1e-4)
        assert found["style_distance"][n] == pytest.approx(distance, rel=1e-4)


@pytest.mark.parametrize(
    ("config", "variation"),
    [
        (replace(CONFIG, total_variation_weight=1e6), total_variation),
        (replace(CONFIG, color_variation_weight=1e6), color_variation),
        (replace(CONFIG, grid_weight=1e6), grid_energy),
        (replace(CONFIG, line_weight=1e6), line_energy),
    ],
)
def test_variation_is_added_when_asked_for(
    vgg_weights: dict[str, Tensor], config: ObjectiveConfig, variation: Callable[[Tensor], Tensor]
) -> None:
    plain = Objective(CONFIG, PAINTINGS, vgg_weights)(PAINTED, PHOTOS, ROWS).total
    smooth = Objective(config, PAINTINGS, vgg_weights)(PAINTED, PHOTOS, ROWS).total
    expected = 1e6 * variation(PAINTED).double()
    torch.testing.assert_close(smooth.double() - plain.double(), expected, rtol=0.01, atol=0)


def test_the_photo_itself_has_no_content_error_and_the_painting_no_distance(vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, PAINTINGS, vgg_weights)
    same = numbers(objective(PAINTINGS[1][None], PAINTINGS[1][None], torch.tensor([1])))
    assert same["content"] == same["content_error"] == [0]
    assert same["style_distance"][0] < 1e-9
    assert same["style"][0] < 1e-6 * numbers(objective(PAINTED, PHOTOS, ROWS))["style"][0]


def test_every_painting_is_measured_once_and_kept_by_its_row(vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, iter(PAINTINGS), vgg_weights)
    reference = Reference(vgg_weights, CONFIG)
    for layer, channels in zip(CONFIG.style_layers, (64, 128, 256, 512), strict=True):
        assert objective.grams(layer).shape == (3, channels, channels)
        expected = torch.from_numpy(reference.gram(PAINTINGS[2], layer)).float()
        torch.testing.assert_close(objective.grams(layer)[2], expected, rtol=1e-3, atol=1e-2)


def test_painting_a_picture_measures_no_painting_again(vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, PAINTINGS, vgg_weights)
    seen: list[int] = []
    objective.loss_network.register_forward_pre_hook(lambda _, arguments: seen.append(len(arguments[0])))
    objective(PAINTED, PHOTOS, ROWS)
    assert seen == [2, 2]  # the photos and what was painted of them


def test_each_image_has_its_own_losses(by_pytorch: None, vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, PAINTINGS, vgg_weights)
    together = numbers(objective(PAINTED, PHOTOS, ROWS))
    for n in range(2):
        alone = numbers(objective(PAINTED[n : n + 1], PHOTOS[n : n + 1], ROWS[n : n + 1]))
        assert {name: values[0] for name, values in alone.items()} == pytest.approx(
            {name: values[n] for name, values in together.items()}, rel=1e-4
        )


def test_gram_energy_makes_a_pale_painting_as_strong_as_a_vivid_one(vgg_weights: dict[str, Tensor]) -> None:
    """To miss a painting altogether costs about the same whatever its contrast."""
    pale = 0.5 + 0.05 * (PAINTINGS[0] - 0.5)
    pair = [PAINTINGS[0], pale]
    nothing = torch.full((2, 3, 40, 48), 0.43)  # near the mean: the weakest features there are

    def ratio(config: ObjectiveConfig) -> float:
        style = Objective(config, pair, vgg_weights)(nothing, PHOTOS, torch.tensor([0, 1])).style
        return float(style[0] / style[1])

    assert ratio(PLAIN) > 10
    assert 0.3 < ratio(CONFIG) < 3


def test_strengths_multiply_the_style_loss_alone(vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, PAINTINGS, vgg_weights)
    equal = objective(PAINTED, PHOTOS, ROWS)
    strong = objective(PAINTED, PHOTOS, ROWS, torch.tensor([3.0, 1.0, 0.5]))
    torch.testing.assert_close(strong.style, equal.style * torch.tensor([0.5, 3.0]), rtol=1e-5, atol=0)
    torch.testing.assert_close(strong.total - strong.style, equal.content, rtol=1e-4, atol=0)


def test_the_whole_objective_is_differentiable_in_what_was_painted(vgg_weights: dict[str, Tensor]) -> None:
    painted = PAINTED.clone().requires_grad_()
    losses = Objective(CONFIG, PAINTINGS, vgg_weights)(painted, PHOTOS, ROWS)
    losses.total.mean().backward()
    assert painted.grad is not None
    assert painted.grad.isfinite().all()
    assert (painted.grad.abs().sum(dim=(1, 2, 3)) > 0).all()
    assert not any(getattr(losses, name).requires_grad for name in Losses.__dataclass_fields__ if name != "total")


def test_a_step_against_the_gradient_lowers_the_loss(vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, PAINTINGS, vgg_weights)
    painted = PAINTED.clone().requires_grad_()
    before = objective(painted, PHOTOS, ROWS).total.mean()
    before.backward()
    assert painted.grad is not None
    after = objective(painted.detach() - 1e-3 * painted.grad.sign(), PHOTOS, ROWS).total.mean()
    assert after < before


def test_nothing_of_the_loss_network_is_trained_or_saved(vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, PAINTINGS, vgg_weights)
    assert not any(weight.requires_grad for weight in objective.parameters())
    assert not any(layer in objective.state_dict() for layer in CONFIG.style_layers)


def test_losses_stay_float32_and_near_under_autocast(vgg_weights: dict[str, Tensor]) -> None:
    objective = Objective(CONFIG, PAINTINGS, vgg_weights)
    exact = objective(PAINTED, PHOTOS, ROWS)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = objective(PAINTED, PHOTOS, ROWS)
    assert rounded.total.dtype == torch.float32
    torch.testing.assert_close(rounded.total, exact.total, rtol=0.05, atol=0)


def test_weights_come_from_the_cache_when_none_are_given(vgg_weights: dict[str, Tensor]) -> None:
    given_none = Objective(CONFIG, PAINTINGS)(PAINTED, PHOTOS, ROWS)
    assert torch.equal(given_none.total, Objective(CONFIG, PAINTINGS, vgg_weights)(PAINTED, PHOTOS, ROWS).total)


@pytest.mark.parametrize("weights", [(1e-4,), (1e-4,) * 5, ()])
def test_as_many_style_weights_as_layers_are_needed(vgg_weights: dict[str, Tensor], weights: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=f"{len(weights)} style weights for 4 style layers"):
        Objective(replace(CONFIG, style_weights=weights), PAINTINGS, vgg_weights)
