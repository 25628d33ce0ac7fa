"""Instance normalization by kernels is the normalization, there and back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.native import building, normalization
from impasto.model.native.normalization import _normalized, _passed_back, normalized, normalizes
from tests.instruction_sets import UNITS, machine_with

CHANNELS = 64
EPSILON = 1e-5
Made = tuple[Tensor, Tensor, Tensor, Tensor]
"""What is normalized, and the gradients of features, γ and β."""


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def style(images: int, channels: int = CHANNELS) -> tuple[Tensor, Tensor]:
    return 1 + randoms(images, channels, seed=3) / 4, randoms(images, channels, seed=4)


def made(features: Tensor, gamma: Tensor, beta: Tensor, gradient: Tensor) -> Made:
    features, gamma, beta = (each.clone().requires_grad_() for each in (features, gamma, beta))
    out = normalized(features, gamma, beta, EPSILON)
    out.backward(gradient)
    assert features.grad is not None and gamma.grad is not None and beta.grad is not None
    return out.detach(), features.grad, gamma.grad, beta.grad


def defined(features: Tensor, gamma: Tensor, beta: Tensor, gradient: Tensor) -> Made:
    """The same by the definition, in float64."""
    features, gamma, beta = (each.double().requires_grad_() for each in (features, gamma, beta))
    variance, mean = torch.var_mean(features, dim=(2, 3), correction=0, keepdim=True)
    out = (features - mean) / (variance + EPSILON).sqrt() * gamma[..., None, None] + beta[..., None, None]
    out.backward(gradient.double())
    assert features.grad is not None and gamma.grad is not None and beta.grad is not None
    return out.detach(), features.grad, gamma.grad, beta.grad


def assert_near(found: Made, expected: Made, tolerance: float) -> None:
    for one, other in zip(found, expected, strict=True):
        assert float((one.double() - other).abs().max()) <= tolerance * max(1.0, float(other.abs().max()))


@pytest.fixture(params=UNITS)
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kernels for some vector units."""
    yield from machine_with(request.param, normalization.library.cache_clear)


@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 8e-3)], ids=str)
@pytest.mark.parametrize("channels", [32, 64, 128])
def test_it_is_the_normalization_in_every_instruction_set(
    machine: None, precision: torch.dtype, tolerance: float, channels: int
) -> None:
    features, gradient = (randoms(2, channels, 19, 23, seed=seed).to(precision) for seed in (1, 2))
    found = made(features, *style(2, channels), gradient)
    assert found[0].dtype == found[1].dtype == precision
    assert found[2].dtype == found[3].dtype == torch.float32
    assert_near(found, defined(features, *style(2, channels), gradient), tolerance)


@given(images=st.integers(1, 3), height=st.integers(1, 40), width=st.integers(1, 40))
@example(images=1, height=1, width=1)
@example(images=2, height=16, width=16)
@example(images=1, height=16, width=17)
def test_features_may_have_any_size(images: int, height: int, width: int) -> None:
    features, gradient = (randoms(images, CHANNELS, height, width, seed=seed) for seed in (1, 2))
    if height * width == 1:  # without a deviation there is no telling how far rounding goes
        assert (made(features, *style(images), gradient)[0][..., 0, 0] - style(images)[1]).abs().max() < 1e-3
        return
    assert_near(made(features, *style(images), gradient), defined(features, *style(images), gradient), 1e-3)


def test_large_values_that_hardly_vary_keep_their_variance() -> None:
    features, gradient = 1e3 + randoms(1, CHANNELS, 40, 40), randoms(1, CHANNELS, 40, 40, seed=2)
    assert_near(made(features, *style(1), gradient), defined(features, *style(1), gradient), 1e-3)


def test_one_pixel_that_stands_out_takes_no_digits_from_the_others() -> None:
    features, gradient = randoms(1, CHANNELS, 64, 64), randoms(1, CHANNELS, 64, 64, seed=2)
    features[..., 0, 0] = 1e3
    assert_near(made(features, *style(1), gradient), defined(features, *style(1), gradient), 1e-3)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="need γ and β for each channel"):
        normalized(randoms(4, CHANNELS, 8, 8), *style(1), EPSILON)


def test_an_image_depends_on_no_other_and_on_no_number_of_threads() -> None:
    features, gradient, gamma, beta = randoms(3, CHANNELS, 40, 31), randoms(3, CHANNELS, 40, 31, seed=2), *style(3)
    expected, before = made(features, gamma, beta, gradient), torch.get_num_threads()
    try:
        for count in (2, 3, 7):
            torch.set_num_threads(count)
            again = made(features, gamma, beta, gradient)
            alone = made(features[1:2], gamma[1:2], beta[1:2], gradient[1:2])
            assert all(torch.equal(one, other) for one, other in zip(again, expected, strict=True))
            assert all(torch.equal(one, other[1:2]) for one, other in zip(alone, expected, strict=True))
    finally:
        torch.set_num_threads(before)


def test_features_may_lie_in_any_order() -> None:
    features, gradient = randoms(2, CHANNELS, 9, 7), randoms(2, CHANNELS, 9, 7, seed=2)
    gamma, beta = torch.cat(style(2), dim=1).chunk(2, dim=1)  # as those of a vector lie
    rows, of_rows = (each.contiguous(memory_format=torch.channels_last) for each in (features, gradient))
    for one, other in zip(made(rows, gamma, beta, of_rows), made(features, *style(2), gradient), strict=True):
        assert torch.equal(one, other)


def test_what_is_no_number_stays_none() -> None:
    features = randoms(1, CHANNELS, 9, 9)
    features[0, 5, 4, 4], features[0, 7, 3, 2] = float("nan"), float("inf")
    out = normalized(features, *style(1), EPSILON)
    assert out[0, [5, 7]].isnan().all()
    assert not out[0, :5].isnan().any()


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # PyTorch's check looks at its own copies
def test_pytorch_may_trace_and_compile_it() -> None:
    features, gamma, beta = (each.requires_grad_() for each in (randoms(2, CHANNELS, 8, 8), *style(2)))
    torch.library.opcheck(_normalized, (features, gamma, beta, EPSILON))
    found = _normalized(features, gamma, beta, EPSILON)[1]
    torch.library.opcheck(_passed_back, tuple(each.detach() for each in (features, features, gamma, found)))


def test_other_channels_and_precisions_are_left_to_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert normalizes(randoms(1, 32, 4, 4))
    assert not normalizes(randoms(1, 3, 4, 4))
    assert not normalizes(randoms(1, 32, 4, 4).double())
    assert not normalizes(randoms(1, 32, 4, 4).to("meta"))
    monkeypatch.setattr(building, "cpp_compiler", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    normalization.library.cache_clear()
    with caplog.at_level(logging.INFO):
        assert not normalizes(randoms(1, 32, 4, 4))
    normalization.library.cache_clear()
    assert [line for line in caplog.messages if "no C++ compiler" in line] == caplog.messages[-1:]


def test_kernels_are_built_for_every_instruction_set(tmp_path: Path) -> None:
    assert len(set(normalization.build(tmp_path))) == len(list(tmp_path.iterdir())) > 0
