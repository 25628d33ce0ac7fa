"""Images in other sizes and their sums: by the CPU's kernels what PyTorch makes of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.native import building
from impasto.model.pictures import plane_kernels
from impasto.model.pictures.bands import LONGEST, bands, part
from impasto.model.pictures.picture import to_pixels, to_planes, to_rgb
from impasto.model.pictures.planes import Size, Term, as_pixels, higher, mean_around, resample, weighted_sum
from tests.instruction_sets import UNITS, machine_with

NEAR = 5e-5
"""PyTorch finds in float32 where a kernel lies."""
SIZES: list[tuple[Size, tuple[Size, ...]]] = [
    ((100, 77), ((50, 33),)),
    ((64, 48), ((128, 96),)),
    ((64, 48), ((40, 48), (128, 96))),
    ((200, 300), ((100, 150), (200, 300))),
    ((200, 300), ((130, 300),)),
    ((200, 300), ((200, 130),)),
    ((33, 35), ((60, 70), (33, 35))),
    ((3, 300), ((9, 20),)),
    ((300, 3), ((20, 19),)),
    ((40, 30), ((40, 30),)),
    ((40, 30), ((12, 9),)),
]


@pytest.fixture(params=UNITS)
def fresh(request: pytest.FixtureRequest) -> Iterator[None]:
    """Kernels for some vector units."""
    yield from machine_with(request.param, plane_kernels.kernels.cache_clear)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return 1.5 * torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 0.25


def interpolated(images: Tensor, *sizes: Size) -> Tensor:
    for size in sizes:
        if size != tuple(images.shape[2:]):
            images = F.interpolate(images, size, mode="bicubic", antialias=True)
    return images


@pytest.mark.parametrize(("size", "sizes"), SIZES)
@pytest.mark.parametrize("bounded", [False, True])
def test_a_sum_is_that_of_interpolated_images(fresh: None, size: Size, sizes: tuple[Size, ...], bounded: bool) -> None:
    images, one, two = noise(2, 3, *size), noise(2, 3, *sizes[-1], seed=1), noise(2, 3, *sizes[-1], seed=2)
    before = images.clone()
    terms: list[Term] = [(-1.5, images, *sizes), (0.3, one), (2.0, two)]
    expected = -1.5 * interpolated(images, *sizes) + 0.3 * one + 2 * two
    for few in (terms, terms[:2], terms[::-1]):
        others = 0 if len(few) > 2 else 2 * two
        found, wanted = weighted_sum(*few, bounded=bounded), expected - others
        torch.testing.assert_close(found, wanted.clamp(0, 1) if bounded else wanted, rtol=0, atol=NEAR)
    torch.testing.assert_close(resample(images, *sizes), interpolated(images, *sizes), rtol=0, atol=NEAR)
    assert torch.equal(images, before)


def test_any_number_of_terms_may_be_resampled_and_added_up(fresh: None) -> None:
    images, size = [noise(1, 3, side, side + 3, seed=side) for side in (20, 30, 40, 50)], (40, 43)
    expected = sum(interpolated(each, size) for each in images)
    torch.testing.assert_close(weighted_sum(*((1, each, size) for each in images)), expected, rtol=0, atol=NEAR)


def test_images_in_their_own_size_are_themselves(fresh: None) -> None:
    images = noise(1, 3, 40, 50)
    assert resample(images, (40, 50)) is images
    assert torch.equal(weighted_sum((1, images), bounded=True), images.clamp(0, 1))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (3, 4, 2, 5), (0, 1, 19, 0)])
def test_pixels_are_mirrored_images_less_a_constant(
    fresh: None, layout: torch.memory_format, padding: tuple[int, int, int, int]
) -> None:
    images = noise(2, 3, 20, 31).contiguous(memory_format=layout)
    found = as_pixels(images, padding, 0.5)
    assert torch.equal(found, F.pad(images - 0.5, padding, mode="reflect"))
    assert torch.equal(as_pixels(images.double(), padding, 0.5), F.pad(images.double() - 0.5, padding, mode="reflect"))
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_of_bytes_255_is_1(fresh: None, layout: torch.memory_format) -> None:
    images = (255 * noise(2, 3, 20, 31).clamp(0, 1)).byte().contiguous(memory_format=layout)
    found = as_pixels(images, (3, 4, 2, 5), 0.5)
    assert torch.equal(found, F.pad(images.float() / 255 - 0.5, (3, 4, 2, 5), mode="reflect"))
    assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("height", "width"), [(20, 31), (1, 1), (5, 1), (1, 40)])
def test_planes_and_pixels_are_the_same_in_another_order(fresh: None, height: int, width: int) -> None:
    pixels = (255 * noise(height, width, 3).clamp(0, 1)).byte()
    planes = to_planes(pixels)
    assert planes.is_contiguous() and torch.equal(planes, to_rgb(pixels))
    longer_rows = torch.cat([planes, planes], dim=2)[..., :width]
    for values in (planes, to_rgb(pixels), planes.transpose(1, 2).contiguous().transpose(1, 2), longer_rows):
        assert torch.equal(to_pixels(values), pixels)
    assert torch.equal(to_pixels(planes[:1].expand(3, -1, -1)), pixels[..., :1].expand(-1, -1, 3))


def test_values_are_rounded_as_pytorch_rounds(fresh: None) -> None:
    halves = torch.arange(-4.5, 260).repeat(3, 2, 1) / 255
    for values in (halves, noise(3, 40, 50), halves.permute(1, 2, 0).contiguous().permute(2, 0, 1)):
        expected = (values * 255).round().clamp(0, 255).byte()
        assert torch.equal(to_pixels(values).permute(2, 0, 1), expected)


@pytest.mark.parametrize("size", [(40, 50), (20, 9), (3, 70)])
@pytest.mark.parametrize("longest", [LONGEST, 10])
def test_means_are_those_of_a_picture_that_goes_on_with_its_border(
    fresh: None, size: Size, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.model.pictures.planes.LONGEST", longest)
    images = noise(7, *size)
    padded = F.pad(images[None], (2,) * 4, mode="replicate")
    torch.testing.assert_close(mean_around(images, 2), F.avg_pool2d(padded, 5, stride=1)[0], rtol=0, atol=1e-6)


def test_some_rows_are_those_of_the_whole_to_the_last_bit(fresh: None) -> None:
    images, every = noise(3, 100, 40), bands(100, 30)
    assert every is not None
    read, wanted = part(100, 30, slice(11, 17))
    assert torch.equal(higher(images[:, read], wanted), higher(images, every)[:, 11:17])


def test_lines_without_measure_are_left_to_pytorch(fresh: None) -> None:
    images, size = noise(1, 3, 2, LONGEST + 100), (3, LONGEST + 16)
    before = bands.cache_info().misses
    assert torch.equal(resample(images, size), interpolated(images, size))
    assert torch.equal(weighted_sum((1, images, size)), interpolated(images, size))
    assert bands.cache_info().misses == before


def test_what_is_to_be_differentiated_is_left_to_pytorch(fresh: None) -> None:
    images = noise(1, 3, 20, 20).requires_grad_()
    weighted_sum((2, images, (40, 40)), (1, noise(1, 3, 40, 40))).sum().backward()
    assert images.grad is not None and float(images.grad.sum()) == pytest.approx(2 * 1600 * 3, rel=1e-3)


def test_without_a_compiler_pytorch_does_it_and_the_log_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(building, "cpp_compiler", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plane_kernels.kernels.cache_clear()
    images = noise(1, 3, 40, 50)
    with caplog.at_level(logging.INFO):
        found = {size: resample(images, size) for size in ((20, 30), (50, 60))}
    plane_kernels.kernels.cache_clear()
    assert all(torch.equal(one, interpolated(images, size)) for size, one in found.items())
    assert [line for line in caplog.messages if "no C++ compiler" in line] == caplog.messages[-1:]


def test_kernels_are_built_for_every_instruction_set(tmp_path: Path) -> None:
    assert len(set(plane_kernels.build(tmp_path))) == len(list(tmp_path.iterdir())) > 0
