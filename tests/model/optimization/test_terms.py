"""The terms of an objective against their formulas, in float64, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.model.optimization.config import Stop
from impasto.model.optimization.memory import TooLarge
from impasto.model.optimization.schedule import Stage
from impasto.model.optimization.terms import (
    ActivationTerm,
    ContentTerm,
    ImageLoss,
    RangeTerm,
    StyleTerm,
    VariationTerm,
    check_painting,
    painting_grams,
)
from impasto.model.perception.loss_network import LossNetwork
from impasto.model.perception.losses import gram

Array = NDArray[np.float64]
CPU = torch.device("cpu")
LAYERS = ("relu1_1", "relu2_1")


def image(seed: int = 0, *, height: int = 8, width: int = 6) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def network(vgg_weights: dict[str, Tensor]) -> LossNetwork:
    return LossNetwork(LAYERS, vgg_weights).double()


def features_of(network: LossNetwork, picture: Tensor, layer: str) -> Array:
    values: Array = network(picture)[layer][0].detach().numpy()
    return values


def reference_gram(features: Array) -> Array:
    channels = features.reshape(features.shape[0], -1)
    result = np.zeros((len(channels), len(channels)))
    for i, one in enumerate(channels):
        for j, other in enumerate(channels):
            result[i, j] = sum(one * other) / len(one)
    return result


def relative(values: Array, target: Array) -> float:
    return float(((values - target) ** 2).sum() / (target**2).sum())


def test_content_is_the_relative_squared_distance_of_features(network: LossNetwork) -> None:
    target = network(image(1))["relu2_1"]
    found = ImageLoss(network, [ContentTerm("relu2_1", target, weight=3)])(image())["content"]
    expected = 3 * relative(features_of(network, image(), "relu2_1"), target[0].numpy())
    assert found.item() == pytest.approx(expected, rel=1e-10)


def test_style_is_the_relative_squared_distance_of_gram_matrices_of_every_painting(network: LossNetwork) -> None:
    paintings = [image(1), image(2, height=10, width=10)]
    grams = torch.cat([gram(network(each)["relu2_1"]) for each in paintings])
    shares = torch.tensor([0.3, 0.7], dtype=torch.float64)
    found = ImageLoss(network, [StyleTerm("relu2_1", grams, shares, weight=2)])(image())["style"]
    own = reference_gram(features_of(network, image(), "relu2_1"))
    each = [relative(own, reference_gram(features_of(network, other, "relu2_1"))) for other in paintings]
    assert found.item() == pytest.approx(2 * (0.3 * each[0] + 0.7 * each[1]), rel=1e-10)


def test_activation_is_the_mean_square_of_a_layer_or_the_mean_of_a_channel(network: LossNetwork) -> None:
    seen = features_of(network, image(), "relu2_1")
    whole = ImageLoss(network, [ActivationTerm("relu2_1")])(image())["activation"]
    one = ImageLoss(network, [ActivationTerm("relu2_1", channel=5)])(image())["activation"]
    assert whole.item() == pytest.approx(-(seen**2).mean() / 2, rel=1e-5)
    assert one.item() == pytest.approx(-seen[5].mean(), rel=1e-5)


def test_range_is_the_squared_distance_from_what_can_be_shown(network: LossNetwork) -> None:
    far = torch.tensor([-0.5, 0.0, 0.4, 1.0, 1.2], dtype=torch.float64).view(1, 1, 5, 1).expand(1, 3, 5, 4)
    assert ImageLoss(network, [RangeTerm(2.0)])(far)["range"].item() == pytest.approx(2 * (0.25 + 0.04) / 5)


@pytest.mark.parametrize("channel", [-1, 128])
def test_a_channel_that_is_not_there_is_named(network: LossNetwork, channel: int) -> None:
    with pytest.raises(ValueError, match=f"relu2_1 has channels 0 to 127, not {channel}"):
        ImageLoss(network, [ActivationTerm("relu2_1", channel)])(image())


def test_terms_of_one_kind_are_added(network: LossNetwork) -> None:
    targets = network(image(1))
    both = [ContentTerm(layer, targets[layer], weight=0.5) for layer in LAYERS]
    apart = [ImageLoss(network, [term])(image())["content"] for term in both]
    together = ImageLoss(network, [*both, VariationTerm(2.0)])(image())
    assert list(together) == ["content", "variation"]
    torch.testing.assert_close(together["content"], apart[0] + apart[1])


@pytest.mark.parametrize("kind", ["content", "style", "variation", "activation"])
def test_gradients_are_those_of_finite_differences(network: LossNetwork, kind: str) -> None:
    paintings, shares = network(image(1, height=4, width=4)), torch.ones(1, dtype=torch.float64)
    term = {
        "content": ContentTerm("relu2_1", paintings["relu2_1"]),
        "style": StyleTerm("relu1_1", gram(paintings["relu1_1"]), shares),
        "variation": VariationTerm(1.0, 0.75),
        "activation": ActivationTerm("relu1_1", 3),
    }[kind]
    objective = ImageLoss(network, [term])  # type: ignore[list-item] # a dict's values lose their protocol
    tiny = image(height=4, width=4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: objective(x)[kind], tiny, eps=1e-7, atol=1e-4, rtol=1e-3)


def test_a_painting_is_looked_at_in_the_size_asked_for(network: LossNetwork) -> None:
    painting = torch.rand(3, 40, 80, dtype=torch.float64)
    grams = painting_grams(network, painting, 80, CPU)
    torch.testing.assert_close(grams["relu1_1"], gram(network(painting[None])["relu1_1"]))


def test_a_painting_is_neither_too_small_nor_too_large_to_be_looked_at(network: LossNetwork) -> None:
    painting = torch.rand(3, 40, 80)
    check_painting(network, painting, 64, 128, CPU)
    with pytest.raises(ValueError, match=r"shorter side of 31 pixels, and 32 are needed"):
        check_painting(network, painting, 62, 128, CPU)
    with pytest.raises(TooLarge, match="the painting at 1000000 × 500000 pixels"):
        check_painting(network, painting, 64, 10**6, CPU)


@pytest.mark.parametrize(
    ("stage", "compiler", "compiled"),
    [
        (Stage((512, 512), Stop(steps=300)), "g++", True),
        (Stage((512, 512), Stop(steps=300)), None, False),
        (Stage((512, 512), Stop(steps=10)), "g++", False),
        (Stage((512, 512), Stop(steps=300, seconds=30)), "g++", False),
        (Stage((512, 512), Stop(steps=300, seconds=300)), "g++", True),
    ],
)
def test_it_is_compiled_where_that_pays(
    vgg_weights: dict[str, Tensor],
    monkeypatch: pytest.MonkeyPatch,
    stage: Stage,
    compiler: str | None,
    compiled: bool,
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(ImageLoss, "compile", lambda self: asked.append(True))
    monkeypatch.setattr("impasto.model.optimization.terms.cpp_compiler", lambda: compiler)
    for dtype in (torch.float32, torch.bfloat16):
        asked.clear()
        with torch._dynamo.config.patch(suppress_errors=False):
            ImageLoss(LossNetwork(LAYERS, vgg_weights).to(dtype), []).compiled_for(stage)
        assert asked == [True] * (compiled and dtype == torch.bfloat16)
