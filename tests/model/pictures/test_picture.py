"""A picture in memory."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.model.pictures.images import EXIF_ARTIST
from impasto.model.pictures.picture import Picture, to_image, to_pixels, to_rgb, to_tensor
from tests.pictures import photo

PIXELS = torch.from_numpy(photo(1, height=40, width=56))
RGB = PIXELS.permute(2, 0, 1).float() / 255


@given(level=st.integers(0, 255), off=st.floats(-0.49, 0.49))
def test_values_are_rounded_to_the_nearest(level: int, off: float) -> None:
    assert to_pixels(torch.full((3, 1, 1), (level + off) / 255)).tolist() == [[[level] * 3]]


def test_values_outside_of_0_to_1_are_clamped() -> None:
    assert to_pixels(torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1)).tolist() == [[[0, 128, 255]]]


def test_every_8_bit_value_survives_the_way_there_and_back() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).repeat_interleave(3).view(16, 16, 3)
    assert torch.equal(to_pixels(to_rgb(pixels)), pixels)


def test_an_image_of_pillows_survives_the_way_there_and_back() -> None:
    assert torch.equal(to_tensor(to_image(RGB)), RGB)


def test_a_picture_has_its_colours_as_floats() -> None:
    picture = Picture(PIXELS)
    assert torch.equal(picture.rgb, RGB)
    assert picture.size == (56, 40)


def test_the_colours_of_a_picture_can_be_replaced() -> None:
    picture = Picture(PIXELS, PIXELS[..., 0], "webp", {EXIF_ARTIST: "me"})
    painted = picture.with_rgb(1 - RGB)
    assert torch.equal(painted.pixels, 255 - PIXELS)
    assert (painted.alpha, painted.format, painted.credit) == (picture.alpha, "webp", {EXIF_ARTIST: "me"})


def test_some_rows_of_a_picture_are_no_copy() -> None:
    rows = Picture(PIXELS, PIXELS[..., 0]).rows(slice(10, 30))
    assert rows.size == (56, 20) and rows.alpha is not None
    assert rows.pixels.data_ptr() == PIXELS[10].data_ptr()
    assert torch.equal(rows.alpha, PIXELS[10:30, :, 0])


def test_white_shows_through_where_a_picture_is_transparent() -> None:
    alpha = torch.tensor([0, 51, 255], dtype=torch.uint8).repeat(2, 1)
    shown = Picture(torch.zeros(2, 3, 3, dtype=torch.uint8), alpha).on_white()
    assert shown.alpha is None
    assert shown.pixels[0, :, 0].tolist() == [255, 204, 0]
    assert shown.on_white() is shown
