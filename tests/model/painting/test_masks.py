"""Masks: drawn in fractions of a picture, read from files of any kind, softened, stretched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from torch import Tensor

from impasto.model.painting import masks
from impasto.model.painting.masks import (
    MOST_CORNERS,
    Ellipse,
    Gradient,
    Polygon,
    Rectangle,
    feathered,
    read,
    stretched,
)
from impasto.model.pictures.images import TooManyPixels, UndecodableImage
from tests.pictures import encoded, png_claiming

SIZE = (40, 80)
HALF = {"from": [0, 0], "to": [0.5, 1]}


def at(mask: Tensor, x: float, y: float) -> int:
    return int(mask[int(y * mask.shape[0]), int(x * mask.shape[1])])


def test_a_rectangle_is_between_two_corners_in_whatever_order() -> None:
    mask = Rectangle.model_validate(HALF).mask(SIZE)
    assert tuple(mask.shape) == SIZE and mask.dtype == torch.uint8
    assert (mask[:, :39] == 255).all() and (mask[:, 42:] == 0).all()
    assert torch.equal(mask, Rectangle.model_validate({"from": [0.5, 1], "to": [0, 0]}).mask(SIZE))


def test_an_ellipse_is_around_its_centre() -> None:
    mask = Ellipse.model_validate({"center": [0.5, 0.5], "radii": [0.25, 0.4]}).mask(SIZE)
    assert [at(mask, *place) for place in ((0.5, 0.5), (0.3, 0.5), (0.5, 0.15), (0.2, 0.5), (0.3, 0.2))] == [
        255, 255, 255, 0, 0,
    ]  # fmt: skip
    assert abs(mask.float().mean() / 255 - np.pi * 0.25 * 0.4) < 0.02


def test_a_polygon_is_between_its_corners() -> None:
    mask = Polygon.model_validate([[0, 0], [1, 0], [0, 1]]).mask(SIZE)
    assert (at(mask, 0.1, 0.1), at(mask, 0.9, 0.9)) == (255, 0)
    assert abs(mask.float().mean() / 255 - 0.5) < 0.02


def test_a_gradient_grows_evenly_from_one_point_to_the_other_and_not_beyond() -> None:
    mask = Gradient.model_validate({"from": [0.25, 0.5], "to": [0.75, 0.5]}).mask(SIZE)
    assert (mask[:, :20] == 0).all() and (mask[:, 60:] == 255).all()
    steps = mask[0, 20:60].float().diff()
    assert steps.min() >= 6 and steps.max() <= 7
    assert (mask == mask[:1]).all()


def test_what_lies_beyond_the_picture_is_cut_off() -> None:
    shapes: list[Rectangle | Ellipse | Polygon] = [
        Rectangle.model_validate({"from": [-5, -5], "to": [5, 5]}),
        Ellipse.model_validate({"center": [0.5, 0.5], "radii": [9, 9]}),
        Polygon.model_validate([[-9, -9], [10, -9], [10, 10], [-9, 10]]),
    ]
    assert all((shape.mask(SIZE) == 255).all() for shape in shapes)
    assert (Rectangle.model_validate({"from": [2, 2], "to": [3, 3]}).mask(SIZE) == 0).all()


@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        (Gradient, {"from": [0.5, 0.5], "to": [0.5, 0.5]}), (Gradient, {"from": [0, 0], "to": [5e-324, 0]}),
        (Gradient, {"from": [0, 0]}), (Gradient, HALF | {"by": 1}),
        (Rectangle, {"from": [0, 0, 0], "to": [1, 1]}), (Rectangle, {"from": [0, float("nan")], "to": [1, 1]}),
        (Rectangle, {"from": [0, 11], "to": [1, 1]}), (Rectangle, {"from": "00", "to": [1, 1]}),
        (Ellipse, {"center": [0.5, 0.5], "radii": [0, 1]}), (Ellipse, {"center": [0, 0], "radii": [float("inf"), 1]}),
        (Ellipse, {"center": ["0.5", 0.5], "radii": [1, 1]}), (Polygon, [[0, 0], [1, 1]]),
        (Polygon, [[0, 0], [1, float("nan")], [1, 1]]), (Polygon, [[0, 0]] * (MOST_CORNERS + 1)),
    ],
)  # fmt: skip
def test_what_is_no_shape_is_refused(shape: Any, fields: Any) -> None:
    with pytest.raises(ValidationError):
        shape.model_validate(fields)


GREY = np.array([[0, 255], [128, 64]], np.uint8)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.fromarray(GREY), GREY),
        (Image.fromarray(GREY.astype(np.uint16) * 257), GREY),
        (Image.fromarray(GREY == 255), np.where(GREY == 255, 255, 0)),
        (Image.fromarray(np.dstack([GREY] * 3)), GREY),
        (Image.fromarray(np.dstack([np.full_like(GREY, 255), GREY])), GREY),  # white, as far as it is opaque
        (Image.fromarray(np.dstack([GREY * 0] * 3 + [GREY])), GREY * 0),
    ],
    ids=["grey", "16 bits", "1 bit", "colour", "white and transparent", "black and transparent"],
)
def test_a_mask_is_as_bright_as_it_is_opaque(image: Image.Image, expected: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(read(encoded(image)), expected)


def test_a_mask_may_be_of_any_size_up_to_a_limit() -> None:
    assert read(encoded(Image.new("L", (1, 1), 255))).shape == (1, 1)
    assert max(read(encoded(Image.new("1", (3000, 10), 1))).shape) == masks.FINEST
    with pytest.raises(TooManyPixels, match="5000 × 5000 pixels"):
        read(png_claiming(5000, 5000))
    with pytest.raises(UndecodableImage):
        read(b"no picture")


def test_a_stretched_mask_is_the_mean_of_what_falls_into_a_pixel() -> None:
    checks = torch.tensor([[0, 255] * 4, [255, 0] * 4], dtype=torch.uint8)[None].repeat(1, 4, 1)
    assert (stretched(checks, (4, 4)) == 127.5).all()
    assert torch.equal(stretched(torch.full((1, 3, 5), 255, dtype=torch.uint8), (7, 2)), torch.full((1, 7, 2), 255.0))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_a_soft_edge_is_as_wide_as_is_said(share: float) -> None:
    soft = feathered(Rectangle.model_validate(HALF).mask((400, 800)), share, (400, 800)).float()
    row = stretched(soft[None], (400, 800))[0, 200]
    between = ((row > 2) & (row < 253)).sum() / 800
    assert share * 0.7 < between < share * 1.15
    assert abs(row.mean() - 127.5) < 4
    assert row.diff().max() <= 0


def test_a_soft_edge_may_be_as_narrow_as_a_number_can_be() -> None:
    mask = Rectangle.model_validate(HALF).mask(SIZE)
    assert torch.equal(feathered(mask, 1e-308, SIZE), mask)


def test_no_soft_edge_leaves_a_mask_as_it_is() -> None:
    mask = Rectangle.model_validate(HALF).mask(SIZE)
    assert feathered(mask, 0.0, SIZE) is mask
