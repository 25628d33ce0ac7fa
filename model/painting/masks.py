"""Masks: which part of a picture is meant, drawn as a shape or read from a file.

A mask is a tensor (h, w), uint8, 255 where a place belongs to the part; it is stretched over the picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Self

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from pydantic import BaseModel, Field, RootModel, model_validator
from torch import Tensor

from impasto.model.pictures import images
from impasto.model.pictures.color import brightness
from impasto.model.pictures.planes import Size
from impasto.model.pictures.resize import within

FINEST = 2048
"""Pixels of a mask's longer side, to which larger ones are reduced."""
MOST_PIXELS = 2**24
"""Of a mask's file: four times as many as are kept."""
MOST_CORNERS = 500
NEAREST = 1e-4
"""Of the picture's width and height, between the ends of a gradient: less than a pixel."""
FINER = 2
"""Times as many pixels a side as the mask of a shape has, so that its edge is smooth."""
SOFT_EDGE = 32
"""Pixels of a soft edge: a mask that has one need not be so fine that it has more."""


def stretched(masks: Tensor, size: Size) -> Tensor:
    """Masks (K, h, w) in another size, float32: of what falls into a pixel the mean, and what lies between linearly."""
    masks = masks.float()
    for axis, length in enumerate(size, start=1):
        if length != masks.shape[axis]:
            shape = (length, masks.shape[2]) if axis == 1 else (masks.shape[1], length)
            mode = "area" if length < masks.shape[axis] else "bilinear"
            masks = F.interpolate(masks[None], shape, mode=mode)[0]
    return masks


def read(data: bytes) -> Tensor:
    """The mask in a picture's file, whatever its size: brightness, as far as it is opaque; of 16 bits, 8 are taken.

    Raises TooManyPixels and whatever else decoding a picture raises.
    """
    picture = images.decode(data, max_pixels=MOST_PIXELS, at_most=FINEST)
    mask = brightness(picture.pixels.permute(2, 0, 1).float())[0]
    return rounded(mask if picture.alpha is None else mask * (picture.alpha / 255))


def feathered(mask: Tensor, share: float, size: Size) -> Tensor:
    """A mask with an edge that is soft over a share of the longer side of a picture of that size."""
    if not share:
        return mask
    size = within(size, math.ceil(min(FINEST, SOFT_EDGE / share)))
    width = round(share * max(size) / 2)
    return rounded(blurred(blurred(stretched(mask[None], size), width), width)[0])


def rounded(values: Tensor) -> Tensor:
    """From 0 to 255, float -> uint8."""
    return values.round().byte()


def blurred(masks: Tensor, width: int) -> Tensor:
    """Masks (K, h, w), each place the mean of those around: a hard edge becomes `width` pixels wide, or one more."""
    around = width // 2
    for padding, kernel in (
        ((around, around, 0, 0), (1, 2 * around + 1)),
        ((0, 0, around, around), (2 * around + 1, 1)),
    ):
        masks = F.avg_pool2d(F.pad(masks[None], padding, mode="replicate"), kernel, stride=1)[0]
    return masks


def _drawn(draw: Callable[[ImageDraw.ImageDraw, Place], None], size: Size) -> Tensor:
    """What is drawn in white, as a mask (h, w) for a picture of that size. draw: given a point, in pixels, for each."""
    height, width = size = within(size, FINEST)
    image = Image.new("L", (FINER * width, FINER * height))
    draw(ImageDraw.Draw(image), lambda point: (FINER * width * point[0], FINER * height * point[1]))
    return torch.from_numpy(np.array(image.reduce(FINER)))


Fraction = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False, strict=True)]
"""Of the picture's width or height, from its left or upper edge; it may lie beyond."""
Radius = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False, strict=True)]
Point = tuple[Fraction, Fraction]
Place = Callable[[Point], tuple[float, float]]


class Shape(BaseModel, frozen=True, extra="forbid"):
    """What can be drawn as a mask, in fractions of the picture's width and height."""

    def mask(self, size: Size) -> Tensor:
        """The mask (h, w) for a picture of that size."""
        raise NotImplementedError


class Gradient(Shape):
    """0 at one point, 1 at another, between them linear; constant beyond, and across."""

    start: Annotated[Point, Field(alias="from")]
    end: Annotated[Point, Field(alias="to")]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if math.dist(self.start, self.end) < NEAREST:
            raise ValueError(f"a gradient goes from one point to another, at least {NEAREST:g} of the picture away")
        return self

    def mask(self, size: Size) -> Tensor:
        height, width = size = within(size, FINEST)
        (left, top), (right, bottom) = ((x * width, y * height) for x, y in (self.start, self.end))
        across, down = right - left, bottom - top
        y, x = (torch.arange(length) + 0.5 for length in size)
        along = ((x - left) * across + (y[:, None] - top) * down) / (across**2 + down**2)
        return rounded(255 * along.clamp_(0, 1))


class Ellipse(Shape):
    """Its axes are those of the picture."""

    center: Point
    radii: tuple[Radius, Radius]

    def mask(self, size: Size) -> Tensor:
        (x, y), (across, down) = self.center, self.radii
        corners = (x - across, y - down), (x + across, y + down)
        return _drawn(lambda draw, place: draw.ellipse([place(each) for each in corners], fill=255), size)


class Rectangle(Shape):
    """Between two opposite corners."""

    start: Annotated[Point, Field(alias="from")]
    end: Annotated[Point, Field(alias="to")]

    def mask(self, size: Size) -> Tensor:
        (left, right), (top, bottom) = (sorted(pair) for pair in zip(self.start, self.end, strict=True))
        corners = (left, top), (right, bottom)
        return _drawn(lambda draw, place: draw.rectangle([place(each) for each in corners], fill=255), size)


class Polygon(RootModel[Annotated[list[Point], Field(min_length=3, max_length=MOST_CORNERS)]], frozen=True):
    """Between some points, of which the last is joined to the first."""

    def mask(self, size: Size) -> Tensor:
        """The mask (h, w) for a picture of that size."""
        return _drawn(lambda draw, place: draw.polygon([place(each) for each in self.root], fill=255), size)
