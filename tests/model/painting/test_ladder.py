from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from impasto.model.network.config import SMALLEST_SIDE, StrokeConfig
from impasto.model.painting.ladder import Canvas, canvas, climb, ladder
from impasto.model.painting.stroke import NATIVE, Stroke
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import Size, resample

CONFIG = StrokeConfig()
SMALL = StrokeConfig(canonical=64, finest=256)


def noise(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [(512, 512), (384, 512), (40, 56), (32, 32)])
def test_a_picture_up_to_the_canonical_side_is_painted_in_one_pass(size: Size) -> None:
    assert ladder(size, 1.0, CONFIG) == (size,)


@pytest.mark.parametrize("size", [(384, 512), (3000, 4000), (33, 20_000)])
def test_native_is_one_pass_at_any_size(size: Size) -> None:
    assert ladder(size, NATIVE, CONFIG) == (size,)


def test_a_larger_picture_begins_at_the_canonical_side_and_doubles() -> None:
    assert ladder((1536, 2048), 1.0, CONFIG) == ((384, 512), (768, 1024), (1536, 2048))
    assert ladder((1536, 2048), 2.0, CONFIG) == ((192, 256), (384, 512), (768, 1024), (1536, 2048))
    assert ladder((1536, 2048), 0.5, CONFIG) == ((768, 1024), (1536, 2048))


def test_the_network_paints_no_more_than_its_finest_side() -> None:
    assert ladder((6000, 8000), 1.0, CONFIG) == ((384, 512), (768, 1024), (1536, 2048))


def test_strokes_finer_than_a_pictures_pixels_are_painted_on_more_of_them() -> None:
    assert ladder((384, 512), 0.5, CONFIG) == ((768, 1024),)
    assert ladder((192, 256), 0.25, CONFIG) == ((768, 1024),)


@pytest.mark.parametrize(
    ("size", "stroke"),
    [((32, 64), 4.0), ((33, 20_000), 1.0), ((2000, 32), 4.0), ((40, 4000), 2.0), ((33, 3_000_000), 4.0)],
)
def test_no_level_is_too_small_for_the_network_however_long_a_picture_is(size: Size, stroke: Stroke) -> None:
    sizes = ladder(size, stroke, CONFIG)
    assert all(min(each) >= SMALLEST_SIDE for each in sizes)
    assert len(sizes) < 4


def test_larger_strokes_begin_smaller() -> None:
    for size in ((384, 512), (768, 1024), (3000, 4000), (600, 590)):
        firsts = [max(ladder(size, stroke, CONFIG)[0]) for stroke in (0.25, 0.3, 0.5, 0.8, 1.0, 1.4, 2.0, 3.0, 4.0)]
        assert firsts == sorted(firsts, reverse=True)


def test_levels_are_close_to_twice_one_another() -> None:
    for longest in range(590, 2048, 7):
        sides = [max(size) for size in ladder((longest, longest), 1.0, CONFIG)]
        assert sides[0] == 512
        assert sides[-1] == longest
        assert all(1.15 < larger / smaller < 2.9 for smaller, larger in pairwise(sides))


def test_what_the_level_before_shows_stays_and_only_what_is_finer_is_painted_again() -> None:
    """A network that paints flat grey leaves the grey of its first level, and on top of it no detail of its own."""
    photos = noise(128, 128)

    def grey(images: Tensor) -> Tensor:
        return torch.full_like(images, 0.25 if images.shape[2] == 64 else 0.75)

    for sizes in ([(64, 64), (128, 128)], [(64, 64), (90, 90), (128, 128)]):
        painted = climb(grey, photos, sizes, StrokeConfig(again=0.0, fine=1.0))
        torch.testing.assert_close(painted, torch.full_like(photos, 0.25))


def test_the_finest_strokes_of_the_first_level_stay_and_those_of_others_are_painted_anew() -> None:
    grey = torch.full((1, 3, 256, 256), 0.5)

    def grain_of(side: int) -> float:
        """How much is left of stripes of one pixel that are painted at one level, on grey."""

        def paint(images: Tensor) -> Tensor:
            stripes = torch.tensor([0.25, 0.75]).repeat(side // 2).expand(1, 3, side, side)
            return stripes if images.shape[2] == side else torch.full_like(images, 0.5)

        painted = climb(paint, grey, [(64, 64), (128, 128), (256, 256)], CONFIG)
        return float(painted[..., 64:192, 64:192].std())

    assert grain_of(64) > 0.05
    assert grain_of(128) < 0.005


def test_a_network_that_changes_nothing_leaves_the_photo() -> None:
    photos = resample(noise(32, 32), (128, 128)).clamp(0, 1)
    painted = climb(lambda images: images, photos, [(64, 64), (128, 128)], CONFIG)
    assert (painted - photos).abs().mean() < 0.01


def test_each_level_is_given_the_painting_before_it_with_the_photos_detail() -> None:
    seen: list[Tensor] = []

    def note(images: Tensor) -> Tensor:
        seen.append(images)
        return images

    photos = noise(128, 96)
    climb(note, photos, [(64, 48), (128, 96)], CONFIG)
    assert [tuple(each.shape) for each in seen] == [(1, 3, 64, 48), (1, 3, 128, 96)]
    assert (seen[1] - photos).abs().mean() < 0.05
    assert all(each.min() >= 0 and each.max() <= 1 for each in seen)


def test_a_canvas_counts_the_pixels_of_all_its_levels() -> None:
    assert Canvas(torch.zeros(3, 128, 128), ((64, 64), (128, 128))).pixels == 64 * 64 + 128 * 128


def test_canvases_of_the_same_levels_fit_one_batch() -> None:
    one, other = (canvas(Picture.from_rgb(noise(*size)[0]), 1.0, SMALL) for size in ((512, 512), (800, 800)))
    assert one.sizes == other.sizes == ((64, 64), (128, 128), (256, 256))
    assert one.fits(other)
    assert not one.fits(canvas(Picture.from_rgb(noise(256, 255)[0]), 1.0, SMALL))


def test_a_canvas_has_the_photo_in_the_finest_size() -> None:
    picture = Picture.from_rgb(noise(300, 400)[0])
    own = canvas(picture, NATIVE, SMALL)
    assert torch.equal(own.photo, picture.pixels.permute(2, 0, 1))
    reduced = canvas(picture, 1.0, SMALL)
    expected = resample(picture.rgb[None], (192, 256))[0].clamp(0, 1)
    assert (reduced.photo - expected).abs().max() < 1 / 255
    finer = canvas(Picture.from_rgb(noise(48, 64)[0]), 0.5, SMALL)
    assert finer.photo.shape == (3, 96, 128)
