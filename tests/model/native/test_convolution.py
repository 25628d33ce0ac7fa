"""Convolutions by Winograd's algorithm are the convolutions, there and back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor, nn

from impasto.model.native import building, convolution
from impasto.model.native.convolution import (
    FULL,
    LARGEST_OF,
    SAME,
    _convolved,
    _passed_back,
    _rectified,
    convolved,
)
from impasto.model.perception.loss_network import LossNetwork
from impasto.model.perception.losses import gram
from impasto.model.perception.rectified_convolution import RectifiedConvolution
from tests.instruction_sets import UNITS, machine_with

READ, WRITTEN = 64, 128
PRECISIONS = [torch.float32, torch.bfloat16]
DECIBELS = {torch.float32: 46, torch.bfloat16: 44}
"""Of a convolution, over what integers and its precision round."""


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def layer(read: int = READ, written: int = WRITTEN) -> RectifiedConvolution:
    plain = nn.Conv2d(read, written, 3, padding=1).requires_grad_(False)
    plain.weight.copy_(randoms(written, read, 3, 3) / (3 * read**0.5))
    plain.bias = nn.Parameter(randoms(written, seed=1), requires_grad=False)
    return RectifiedConvolution(plain)


def decibels(exact: Tensor, found: Tensor) -> float:
    """Of a signal, over what was made wrong."""
    return float(10 * (exact.square().mean() / (found.double() - exact).square().mean()).log10())


def there_and_back(made: RectifiedConvolution, features: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Features after a layer, and the gradient of those before."""
    features = features.clone().requires_grad_()
    out = made(features)
    out.backward(gradient.to(out.dtype))
    assert features.grad is not None
    return out.detach(), features.grad


def defined(made: RectifiedConvolution, features: Tensor, gradient: Tensor, passed: Tensor) -> tuple[Tensor, Tensor]:
    """The same by the definition, in float64. passed: where the ReLU let features pass."""
    plain = made.convolution
    assert plain.bias is not None
    weight, bias = plain.weight.double(), plain.bias.double()
    out = F.conv2d(features.double(), weight, bias, padding=1).relu()
    back = F.conv_transpose2d(gradient.double() * (passed > 0), weight, padding=1)
    return out, back


@pytest.fixture(params=UNITS)
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kernels for some vector units."""
    yield from machine_with(request.param, convolution.library.cache_clear)


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
@pytest.mark.parametrize("channels", [*zip(LARGEST_OF, LARGEST_OF, strict=True), (64, 128), (256, 512)])
def test_it_is_the_convolution_in_every_instruction_set(
    machine: None, precision: torch.dtype, channels: tuple[int, int]
) -> None:
    read, written = channels
    made = layer(read, written)
    features, gradient = randoms(2, read, 9, 14).relu().to(precision), randoms(2, written, 9, 14, seed=2).to(precision)
    made.convolution.to(precision)
    out, back = there_and_back(made, features, gradient)
    exact = defined(made, features, gradient, out)
    assert out.dtype == back.dtype == precision
    assert decibels(exact[0], out) > DECIBELS[precision]
    assert decibels(exact[1], back) > DECIBELS[precision]


@given(images=st.integers(1, 3), height=st.integers(1, 23), width=st.integers(1, 23))
@example(images=1, height=1, width=1)
@example(images=2, height=4, width=8)
@example(images=1, height=100, width=6)
def test_features_may_have_any_size(images: int, height: int, width: int) -> None:
    made = layer()
    features, gradient = randoms(images, READ, height, width).relu(), randoms(images, WRITTEN, height, width, seed=2)
    out, back = there_and_back(made, features, gradient)
    exact = defined(made, features, gradient, out)
    assert decibels(exact[0], out) > 50
    assert decibels(exact[1], back) > 50


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e6])
def test_gradients_may_be_of_any_size(scale: float) -> None:
    made, features, gradient = layer(), randoms(1, READ, 12, 12), scale * randoms(1, WRITTEN, 12, 12, seed=2)
    out, back = there_and_back(made, features, gradient)
    assert decibels(defined(made, features, gradient, out)[1], back) > 50


@pytest.mark.parametrize("lanes", [[0], [READ - 1], [3, 40]])
def test_what_is_no_number_stays_none(lanes: list[int]) -> None:
    features = randoms(1, READ, 12, 12)
    features[:, lanes, 6, 6] = float("nan")
    assert layer()(features)[:, :, 5:8, 5:8].isnan().any(dim=1).all()


def test_no_sum_of_integers_overflows() -> None:
    for read in LARGEST_OF:
        made = layer(read, 64)
        made.convolution.weight.fill_(0.1)
        features, gradient = torch.full((1, read, 8, 8), 3.0), torch.ones(1, 64, 8, 8)
        out, back = there_and_back(made, features, gradient)
        exact = defined(made, features, gradient, out)
        assert decibels(exact[0], out) > 50
        assert decibels(exact[1], back) > 50


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
def test_an_image_depends_on_no_other_and_on_no_number_of_threads(precision: torch.dtype) -> None:
    made, features = layer(), randoms(3, READ, 40, 31).to(precision)
    made.convolution.to(precision)
    expected, before = made(features), torch.get_num_threads()
    try:
        for count in (2, 3, 7):
            torch.set_num_threads(count)
            assert torch.equal(made(features), expected)
            assert torch.equal(made(features[1:2]), expected[1:2])
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last], ids=str)
def test_features_may_lie_in_any_order(order: torch.memory_format) -> None:
    made, features = layer(), randoms(2, READ, 9, 7).relu()
    gradient = randoms(2, WRITTEN, 9, 7, seed=2)
    expected = there_and_back(made, features, gradient)
    window = F.pad(features, (2, 1, 0, 3)).contiguous(memory_format=order)[:, :, :9, 2:9]
    found = there_and_back(made, window, gradient.contiguous(memory_format=order))
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_autocast_chooses_the_precision() -> None:
    made, features = layer(), randoms(1, READ, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        out = made(features)
    assert out.dtype is torch.bfloat16
    assert decibels(made(features).double(), out) > 45


def test_matrix_units_multiply_bfloat16_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "has_amx", lambda: True)
    made, features = layer(), randoms(1, READ, 8, 8).bfloat16()
    made.convolution.bfloat16()
    assert torch.equal(made(features), made.convolution(features).relu())


@pytest.mark.parametrize(("channels", "precision"), [(READ, torch.float64), (96, torch.float32)], ids=str)
def test_other_precisions_and_channels_are_left_to_pytorch(channels: int, precision: torch.dtype) -> None:
    made, features = layer(channels), randoms(1, channels, 8, 8).to(precision)
    made.convolution.to(precision)
    assert torch.equal(made(features), made.convolution(features).relu())


def test_who_has_only_looked_may_ask_for_gradients_later() -> None:
    made, features, gradient = layer(), randoms(1, READ, 9, 7), randoms(1, WRITTEN, 9, 7, seed=2)
    with torch.inference_mode():
        out = made(features)
    assert torch.equal(there_and_back(made, features, gradient)[0], out)


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, as it compiles
def test_a_loss_network_is_compiled_in_one_piece(
    vgg_weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch._dynamo.config, "disable", False)
    network, picture = LossNetwork(["relu2_2"], vgg_weights), torch.rand(1, 3, 32, 32)
    expected = network(picture)["relu2_2"]
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    assert torch.equal(compiled(picture.requires_grad_())["relu2_2"], expected)


@pytest.mark.parametrize("change", ["in place", "replaced", "copied", "assigned"])
def test_weights_that_are_changed_are_prepared_anew(change: str) -> None:
    made, other, features = layer(), layer(), randoms(1, READ, 9, 7)
    made(features)
    other.convolution.weight.neg_()
    if change == "in place":
        made.convolution.weight.neg_()
    elif change == "replaced":
        made.convolution.weight.data = other.convolution.weight.data
    elif change == "copied":
        made = deepcopy(made)
        made.load_state_dict(other.state_dict())
    else:
        made.load_state_dict(other.state_dict(), assign=True)
    assert torch.equal(made(features), other(features))


def test_weights_that_are_trained_get_their_gradients() -> None:
    made = layer().requires_grad_()
    made(randoms(1, READ, 9, 7)).sum().backward()
    assert made.convolution.weight.grad is not None


def test_what_is_remembered_may_be_kept_in_another_order() -> None:
    made, features, gradient = layer(), randoms(1, READ, 9, 7), randoms(1, WRITTEN, 9, 7, seed=2)
    expected = there_and_back(made, features, gradient)
    with torch.autograd.graph.saved_tensors_hooks(lambda kept: kept.contiguous(), lambda kept: kept):
        found = there_and_back(made, features, gradient)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_other_channels_than_the_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="features have 128 channels, and weights are for 64"):
        convolved(randoms(1, 2 * READ, 9, 7), layer().convolution.weight)


def test_without_a_compiler_pytorch_does_it_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(building, "cpp_compiler", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    convolution.library.cache_clear()
    made, features = layer(), randoms(1, READ, 8, 8)
    with caplog.at_level(logging.INFO):
        assert torch.equal(made(features), made.convolution(features).relu())
    convolution.library.cache_clear()
    assert [line for line in caplog.messages if "no C++ compiler" in line] == caplog.messages[-1:]


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # PyTorch's check looks at its own copies
def test_pytorch_may_trace_and_compile_it() -> None:
    plain, features, gradient = layer().convolution, randoms(1, READ, 8, 8), randoms(1, WRITTEN, 8, 8, seed=2)
    torch.library.opcheck(_convolved, (features.requires_grad_(), plain.weight))
    torch.library.opcheck(_rectified, (features.requires_grad_(), plain.weight, plain.bias))
    torch.library.opcheck(_passed_back, (gradient, plain.weight, SAME, gradient.clone()))
    torch.library.opcheck(_passed_back, (gradient, plain.weight, FULL, None))


@given(images=st.integers(1, 3), height=st.integers(3, 23), width=st.integers(3, 23))
@example(images=1, height=3, width=3)
@example(images=2, height=6, width=10)
def test_without_a_border_less_is_left(images: int, height: int, width: int) -> None:
    weight, features = layer().convolution.weight, randoms(images, READ, height, width).requires_grad_()
    gradient = randoms(images, WRITTEN, height - 2, width - 2, seed=2)
    out = convolved(features, weight)
    out.backward(gradient)
    assert features.grad is not None
    assert decibels(F.conv2d(features.detach().double(), weight.double()), out.detach()) > 50
    assert decibels(F.conv_transpose2d(gradient.double(), weight.double()), features.grad) > 50


def test_losses_and_what_they_tell_a_picture_are_those_of_pytorch(
    vgg_weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = ["relu1_2", "relu2_2", "relu3_3", "relu4_3"]

    def told() -> tuple[list[Tensor], Tensor]:
        picture = torch.rand(1, 3, 64, 48, generator=torch.Generator().manual_seed(0)).requires_grad_()
        grams = [gram(features) for features in LossNetwork(layers, vgg_weights)(picture).values()]
        torch.stack([each.square().mean().log() for each in grams]).sum().backward()
        assert picture.grad is not None
        return [each.detach() for each in grams], picture.grad

    grams, gradient = told()
    monkeypatch.setattr(convolution, "library", lambda: None)
    exact_grams, exact = told()
    for found, expected in zip(grams, exact_grams, strict=True):
        assert decibels(expected.double(), found) > 50
    assert decibels(exact.double(), gradient) > 25
    assert not torch.equal(exact, gradient)


def test_kernels_are_built_for_every_instruction_set(tmp_path: Path) -> None:
    assert len(set(convolution.build(tmp_path))) == len(list(tmp_path.iterdir())) > 0
