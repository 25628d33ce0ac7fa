from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.device import DeviceUnavailable, find_device, find_precision
from impasto.model.network.fast_network import FastNetwork
from impasto.model.painting.regions import Look, Region, Regions
from impasto.model.painting.stylizer import Stylizer
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.pictures import images
from impasto.model.pictures.images import TooSmall
from impasto.model.pictures.picture import Picture
from tests.pictures import encoded, photo


@pytest.fixture(scope="module")
def stylizer(tiny_checkpoint: Checkpoint) -> Stylizer:
    return Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def wave(tiny_checkpoint: Checkpoint) -> Tensor:
    return tiny_checkpoint.styles.blend({"great-wave": 1})


@pytest.fixture(scope="module")
def picture() -> Picture:
    return images.decode(encoded(photo(height=40, width=56)))


def test_the_painting_is_that_of_the_network(stylizer: Stylizer, picture: Picture, tiny_checkpoint: Checkpoint) -> None:
    vector = tiny_checkpoint.styles.blend({"great-wave": 0.25, "the-scream": 0.75})
    painted = stylizer.stylize(picture, vector)
    expected = tiny_checkpoint.network(picture.rgb[None], vector[None])[0]
    assert torch.allclose(painted.rgb, expected, atol=0.501 / 255)


def test_the_length_of_a_vector_tells_which_network_paints(tiny_checkpoint: Checkpoint, picture: Picture) -> None:
    small = tiny_checkpoint.of("small")
    both = Stylizer.of(tiny_checkpoint, device="cpu", precision="float32")
    for source in (tiny_checkpoint, small):
        vector = source.styles.blend({"great-wave": 0.25, "the-scream": 0.75})
        expected = source.network(picture.rgb[None], vector[None])[0]
        assert torch.allclose(both.stylize(picture, vector).rgb, expected, atol=0.501 / 255)
    with pytest.raises(ValueError, match=r"style vectors have \d+ or \d+ numbers, not 5"):
        both.stylize(picture, torch.zeros(5))
    with pytest.raises(ValueError, match="cannot be told apart"):
        Stylizer(small.network, small=small.network, device="cpu")


def test_the_small_network_paints_regions_tiles_and_strokes_too(tiny_checkpoint: Checkpoint) -> None:
    small = tiny_checkpoint.of("small")
    stylizer = Stylizer.of(tiny_checkpoint, device="cpu", precision="float32")
    picture = images.decode(encoded(photo(height=70, width=91)))
    one, other = (Look(vector) for vector in small.styles.vectors[:2])
    mask = torch.zeros(70, 91, dtype=torch.uint8)
    assert torch.equal(
        stylizer.stylize_regions(picture, Regions((70, 91), [Region(mask, other)], one)).pixels,
        stylizer.stylize(picture, one.style_vector).pixels,
    )
    assert not torch.equal(
        stylizer.stylize(picture, one.style_vector, stroke=2).pixels,
        stylizer.stylize(picture, one.style_vector).pixels,
    )
    photos, vectors = picture.rgb[None], one.style_vector[None]
    tiled = paint_in_tiles(FastNetwork(small.network), photos, vectors, tile=32)
    torch.testing.assert_close(tiled, small.network(photos, vectors), rtol=0, atol=2e-5)


def test_what_else_is_in_a_batch_changes_nothing(stylizer: Stylizer, tiny_checkpoint: Checkpoint) -> None:
    photos = torch.rand(3, 3, 40, 56, generator=torch.Generator().manual_seed(0))
    vectors = tiny_checkpoint.styles.vectors
    together = stylizer.paint(photos, vectors)
    alone = torch.cat([stylizer.paint(photos[i : i + 1], vectors[i : i + 1]) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_alpha_format_and_credit_of_a_picture_are_kept(stylizer: Stylizer, picture: Picture, wave: Tensor) -> None:
    alpha = torch.full((40, 56), 99, dtype=torch.uint8)
    painted = stylizer.stylize(Picture(picture.pixels, alpha, "webp", {0x8298: "me"}), wave)
    assert painted.alpha is alpha
    assert (painted.format, painted.credit) == ("webp", {0x8298: "me"})


def test_strength_goes_from_the_photo_to_the_painting_evenly(
    stylizer: Stylizer, picture: Picture, wave: Tensor
) -> None:
    none, half, full = (stylizer.stylize(picture, wave, strength=s).rgb for s in (0.0, 0.5, 1.0))
    assert torch.equal(none, picture.rgb)
    assert torch.allclose(half, (none + full) / 2, atol=1.01 / 255)


def test_wrong_arguments_are_refused_by_name(stylizer: Stylizer, picture: Picture, wave: Tensor) -> None:
    with pytest.raises(ValueError, match="strength"):
        stylizer.stylize(picture, wave, strength=1.01)
    with pytest.raises(InvalidValue, match=r"stroke is a number from 0\.25 to 4, or native, not nan"):
        stylizer.stylize(picture, wave, stroke=float("nan"))
    with pytest.raises(TooSmall, match="31 × 40"):
        stylizer.stylize(Picture(picture.pixels[:, :31]), wave)


def test_bfloat16_paints_nearly_the_same(
    stylizer: Stylizer, picture: Picture, wave: Tensor, tiny_checkpoint: Checkpoint
) -> None:
    half = Stylizer(tiny_checkpoint.network, device="cpu", precision="bfloat16")
    difference = half.stylize(picture, wave).rgb - stylizer.stylize(picture, wave).rgb
    assert 0 < difference.abs().mean() < 0.02


@pytest.mark.parametrize("name", ["cuda:99", "cpu:3", "gpu", "xpu"])
def test_a_device_that_is_absent_is_an_error_and_never_replaced(name: str) -> None:
    with pytest.raises(DeviceUnavailable, match=name):
        find_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_on_a_machine_without_it_is_an_error(tiny_checkpoint: Checkpoint) -> None:
    with pytest.raises(DeviceUnavailable, match="cuda"):
        Stylizer(tiny_checkpoint.network, device="cuda")


def test_a_precision_that_is_asked_for_is_taken() -> None:
    assert find_precision("float16", torch.device("cpu")) == "float16"
    assert find_precision("auto", torch.device("cpu")) in ("float32", "bfloat16")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_paints_what_the_cpu_paints(
    stylizer: Stylizer, picture: Picture, wave: Tensor, tiny_checkpoint: Checkpoint
) -> None:
    expected = stylizer.stylize(picture, wave).rgb
    gpu = Stylizer(tiny_checkpoint.network, device="cuda", precision="float32")
    assert (gpu.stylize(picture, wave).rgb - expected).abs().max() < 5e-3
