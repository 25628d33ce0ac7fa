"""The convolution of a picture by two pixels is that convolution."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from impasto.model.native.winograd import BLOCK
from impasto.model.network.direct import suits
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Convolution
from tests.instruction_sets import UNITS, kernels_of


def randoms(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


WEIGHTS = {size: randoms(2 * BLOCK, 3, size, size) / (size * 3**0.5) for size in (3, 7)}


@pytest.fixture(scope="module")
def kernels() -> Kernels:
    return Kernels([3])


def assert_is_the_convolution(kernels: Kernels, x: Tensor, weight: Tensor) -> None:
    found = kernels.convolve(x, Convolution(weight, 2))
    assert found.dtype == kernels.stored
    exact, rounded = F.conv2d(x.double(), weight.double(), stride=2).float(), torch.finfo(found.dtype).eps / 2
    torch.testing.assert_close(found.float(), exact, rtol=rounded, atol=2e-5)


@pytest.mark.parametrize("size", WEIGHTS)
@given(images=st.integers(1, 2), height=st.integers(1, 40), width=st.integers(1, 60))
@example(images=1, height=1, width=1)
@example(images=2, height=2, width=49)
def test_it_is_the_convolution_of_pictures_of_any_size(
    kernels: Kernels, size: int, images: int, height: int, width: int
) -> None:
    x = randoms(images, 3, height + size - 1, width + size - 1)
    for laid_out in (x, x.contiguous(memory_format=torch.channels_last)):
        assert_is_the_convolution(kernels, laid_out, WEIGHTS[size])


@pytest.mark.parametrize("units", UNITS)
def test_it_is_the_convolution_in_every_instruction_set(units: str) -> None:
    assert_is_the_convolution(kernels_of(units, [3]), randoms(2, 3, 30, 41), WEIGHTS[7])


def test_a_window_of_a_larger_picture_is_read_where_it_lies(kernels: Kernels) -> None:
    x, convolution = randoms(2, 3, 50, 60).contiguous(memory_format=torch.channels_last), Convolution(WEIGHTS[7], 2)
    window = x[..., 3:33, 5:39]
    assert torch.equal(kernels.convolve(window, convolution), kernels.convolve(window.contiguous(), convolution))


@pytest.mark.parametrize(
    ("weight", "stride"),
    [(WEIGHTS[7], 1), (WEIGHTS[7][:20], 2), (WEIGHTS[7][:, :2], 2), (WEIGHTS[7].bfloat16(), 2)],
    ids=["by one pixel", "twenty written", "two read", "bfloat16"],
)
def test_other_convolutions_are_not_computed_so(weight: Tensor, stride: int) -> None:
    assert suits(WEIGHTS[7], 2) and not suits(weight, stride)
