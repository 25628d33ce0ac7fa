"""What gradients pass through is the network, by whatever it is computed."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor

from impasto.model.native import convolution, normalization
from impasto.model.network.checkpoint import load
from impasto.model.network.differentiable import Convolution
from impasto.model.network.style_network import ConditionalInstanceNorm, StyleNetwork

READ, WRITTEN = 64, 128


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def fitted(network: StyleNetwork, style: Tensor) -> Tensor:
    """What a picture tells a style vector while the convolutions stay."""
    network, style = deepcopy(network).requires_grad_(False), style.clone().requires_grad_()
    photos = torch.rand(2, 3, 67, 58, generator=torch.Generator().manual_seed(1))
    (network(photos, style.expand(2, -1)) - photos).square().mean().backward()
    assert style.grad is not None
    return style.grad


def test_a_style_is_told_what_pytorch_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load()
    for network, style in (
        (shipped.network, shipped.styles),
        (shipped.of("small").network, shipped.of("small").styles),
    ):
        found = fitted(network, style.vectors[0])
        with monkeypatch.context() as patch:
            for room in (convolution, normalization):
                patch.setattr(room, "library", lambda: None)
            expected = fitted(network, style.vectors[0])
        assert not torch.equal(found, expected)
        assert (found - expected).norm() < 5e-3 * expected.norm()


def test_without_gradients_it_is_the_convolution_to_the_bit() -> None:
    made, features = Convolution(READ, WRITTEN, 3), randoms(1, READ, 12, 9)
    expected = torch.nn.functional.conv2d(features, made.weight)
    assert torch.equal(made(features), expected)
    made.requires_grad_(False)
    assert torch.equal(made(features), expected)
    with torch.no_grad():
        assert torch.equal(made(features.requires_grad_()), expected)


def test_weights_that_are_trained_get_their_gradients() -> None:
    made, features = Convolution(READ, WRITTEN, 3), randoms(1, READ, 12, 9).requires_grad_()
    made(features).sum().backward()
    assert made.weight.grad is not None and features.grad is not None


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (9, 1)])
def test_other_convolutions_are_those_of_pytorch(kernel: int, stride: int) -> None:
    made, features = Convolution(READ, WRITTEN, kernel, stride).requires_grad_(False), randoms(1, READ, 12, 12)
    out = made(features.requires_grad_())
    assert torch.equal(out, torch.nn.functional.conv2d(features, made.weight, stride=stride))


def test_weights_that_are_replaced_are_prepared_anew() -> None:
    made, features = Convolution(READ, WRITTEN, 3).requires_grad_(False), randoms(1, READ, 12, 9).requires_grad_()
    before = made(features)
    made.load_state_dict({"weight": -made.weight})
    assert torch.equal(made(features), -before)


def test_one_style_may_be_that_of_several_images() -> None:
    features, style = randoms(4, 32, 8, 8), randoms(1, 64, seed=1)
    norm = ConditionalInstanceNorm(32)
    assert torch.allclose(norm(features, style), norm(features, style.expand(4, -1)), atol=1e-5)


def test_other_precisions_are_those_of_pytorch() -> None:
    made, features = (
        Convolution(READ, WRITTEN, 3).requires_grad_(False),
        randoms(1, READ, 9, 9).double().requires_grad_(),
    )
    with pytest.raises(RuntimeError):
        made(features)
    assert made.double()(features).dtype is torch.float64


def test_autocast_chooses_the_precision() -> None:
    made, features = Convolution(READ, WRITTEN, 3).requires_grad_(False), randoms(1, READ, 12, 9).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        assert made(features).dtype is torch.bfloat16
