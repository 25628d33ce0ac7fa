from __future__ import annotations

import torch

from impasto.model.photorealism.palette import NUMBERS, Palette, Sample
from impasto.model.pictures.picture import Picture, to_pixels
from tests.pictures import photo

PICTURE = Picture(torch.from_numpy(photo(height=60, width=80)))


def test_a_palette_is_mean_covariance_and_lightnesses() -> None:
    sample = Sample.of(PICTURE)
    palette = Palette.of(sample.lab, sample.opaque)
    colors = sample.lab.flatten(1).double()
    torch.testing.assert_close(palette.mean, colors.mean(1))
    torch.testing.assert_close(palette.covariance, colors.cov(correction=0))
    assert (palette.lightness.diff() >= 0).all()
    assert abs(palette.lightness[8] - colors[0].median()) < 0.01


def test_its_numbers_are_all_of_it() -> None:
    sample = Sample.of(PICTURE)
    numbers = Palette.of(sample.lab, sample.opaque).numbers
    assert numbers.shape == (NUMBERS,)
    assert torch.equal(Palette.from_numbers(numbers).numbers, numbers)


def test_what_is_transparent_has_no_colour() -> None:
    alpha = torch.zeros(60, 80, dtype=torch.uint8)
    alpha[:, 40:] = 255
    half = Picture(PICTURE.pixels[:, 40:])
    hidden = Sample.of(Picture(PICTURE.pixels, alpha))
    seen = Sample.of(half)
    torch.testing.assert_close(Palette.of(hidden.lab, hidden.opaque).numbers, Palette.of(seen.lab, seen.opaque).numbers)
    nothing = Sample.of(Picture(PICTURE.pixels, torch.zeros_like(alpha)))
    assert torch.equal(
        Palette.of(nothing.lab, nothing.opaque).numbers, Palette.of(nothing.lab, torch.ones(60, 80)).numbers
    )


def test_a_large_picture_has_the_palette_of_a_small_one() -> None:
    large = Picture(to_pixels(PICTURE.rgb.repeat_interleave(12, 1).repeat_interleave(12, 2)))
    small, large_sample = Sample.of(PICTURE), Sample.of(large)
    assert max(large_sample.opaque.shape) == 512
    one, other = (Palette.of(each.lab, each.opaque).numbers for each in (small, large_sample))
    assert (one - other).abs().max() < 0.02
