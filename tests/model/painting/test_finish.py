from __future__ import annotations

import pytest
import torch

from impasto.model.errors import InvalidValue
from impasto.model.network.config import StrokeConfig
from impasto.model.painting.finish import finish
from impasto.model.pictures import strips
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.picture import Picture, to_pixels
from impasto.model.pictures.planes import resample

CONFIG = StrokeConfig()
PHOTO = Picture.from_rgb(torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("size", [(60, 80), (30, 40), (120, 160), (61, 81)])
def test_a_painting_of_any_size_becomes_as_large_as_its_photo(size: tuple[int, int]) -> None:
    assert finish(PHOTO, torch.rand(3, *size), CONFIG).size == (80, 60)


def test_a_painting_of_more_pixels_is_reduced() -> None:
    painted = torch.rand(3, 120, 160, generator=torch.Generator().manual_seed(1))
    expected = Picture.from_rgb(resample(painted[None], (60, 80))[0].clamp(0, 1))
    difference = finish(PHOTO, painted, CONFIG).pixels.int() - expected.pixels.int()
    assert difference.abs().max() <= 1


def test_no_strength_leaves_the_photo_at_any_size() -> None:
    for size in ((60, 80), (30, 40)):
        assert torch.equal(finish(PHOTO, torch.rand(3, *size), CONFIG, strength=0.0).pixels, PHOTO.pixels)


def test_kept_colours_are_the_photos_at_any_size() -> None:
    red = Picture.from_rgb(torch.tensor([0.8, 0.2, 0.2])[:, None, None].expand(3, 64, 64))
    for side in (64, 32):
        kept = finish(red, torch.full((3, side, side), 0.4), CONFIG, preserve_color=True).rgb
        assert (kept[0] > kept[1] + 0.2).all()


@pytest.mark.parametrize("preserve_color", [False, True])
@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_a_painting_is_finished_strip_by_strip_as_it_would_be_at_once(
    strength: float, preserve_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted = torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(0))
    expected = keep_color(painted, PHOTO.rgb) if preserve_color else painted
    expected = to_pixels(torch.lerp(PHOTO.rgb, expected, strength))
    monkeypatch.setattr(strips, "STRIP_PIXELS", 300)
    finished = finish(PHOTO, painted, CONFIG, strength=strength, preserve_color=preserve_color)
    assert torch.equal(finished.pixels, expected)


@pytest.mark.parametrize("strength", [-0.1, 1.01, float("nan")])
def test_a_strength_that_is_none_is_refused(strength: float) -> None:
    with pytest.raises(InvalidValue, match="strength is between 0 and 1"):
        finish(PHOTO, PHOTO.rgb, CONFIG, strength=strength)
