"""Photos in the colours and the light of another picture, as a whole or region by region. No network is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from impasto.model.errors import InvalidValue, about
from impasto.model.painting.finish import finish
from impasto.model.painting.masks import read, stretched
from impasto.model.painting.region_recipe import PaletteNumbers, RegionRecipe, content, told
from impasto.model.painting.regions import Look, Manner, Regions
from impasto.model.photorealism.grading import graded
from impasto.model.photorealism.local_affine import AffineConfig
from impasto.model.photorealism.palette import NUMBERS, Palette, Sample
from impasto.model.pictures import images
from impasto.model.pictures.oklab import from_oklab
from impasto.model.pictures.picture import Picture

LIKE = "like"
"""What commands and forms call the other picture."""


@dataclass(frozen=True)
class Reference:
    """What photos are to be like.

    palette: its numbers (26,), which stand where those of a style do. sample: of the picture, if that is at hand.
    """

    palette: Tensor
    sample: Sample | None = None

    @classmethod
    def read(cls, data: bytes, *, max_pixels: int | None = None) -> Reference:
        """Of a picture's file; or of a palette in JSON, as recipes have it.

        Raises InvalidValue, and what decoding a picture raises.
        """
        with about(LIKE):
            if _is_palette(data):
                try:
                    numbers = TypeAdapter(PaletteNumbers).validate_json(data)
                except ValidationError as error:
                    raise InvalidValue(f"this is no palette of {NUMBERS} numbers: {told(error)}") from None
                return cls(torch.tensor(numbers, dtype=torch.float64))
            sample = Sample.of(images.decode(data, max_pixels=max_pixels))
            return cls(Palette.of(sample.lab, sample.opaque).numbers, sample)

    def part(self, mask: Tensor) -> Tensor:
        """The palette of where a mask (h, w), stretched over the picture, is white. Raises InvalidValue."""
        if self.sample is None:
            raise InvalidValue("like: a part of a picture needs the picture, and there is only its palette")
        lab, opaque = self.sample.lab, self.sample.opaque
        return Palette.of(lab, opaque * stretched(mask[None], (lab.shape[1], lab.shape[2]))[0]).numbers


def pixels_of(data: bytes) -> int:
    """Of what `Reference.read` decodes, by its header. Raises UndecodableImage, UnsupportedFormat."""
    with about(LIKE):
        return 0 if _is_palette(data) else math.prod(images.size(data))


def likenesses(
    recipes: Sequence[RegionRecipe], reference: Reference, usual: Manner, masks: Mapping[str, bytes]
) -> list[Look]:
    """How each region is to be: its palette, and how much of it. usual: how the rest is. masks: files, by their names.

    Raises InvalidValue and what reading a mask raises, naming the region.
    """
    looks = []
    for number, recipe in enumerate(recipes, start=1):
        with about(f"region {number}"):
            if recipe.weights:
                raise InvalidValue("weights: a photo that is to be like another picture has no styles; leave them out")
            looks.append(recipe.look(Look.of(_palette(recipe, reference, masks), usual)))
    return looks


def with_palettes(recipes: Sequence[RegionRecipe], looks: Sequence[Look]) -> tuple[RegionRecipe, ...]:
    """Regions that are repeated without the other picture: `likenesses` of theirs have what they took of it."""
    return tuple(
        recipe.model_copy(update={"like": tuple(look.style_vector.tolist())}) if recipe.like else recipe
        for recipe, look in zip(recipes, looks, strict=True)
    )


def _is_palette(data: bytes) -> bool:
    return data.lstrip()[:1] == b"["


def _palette(recipe: RegionRecipe, reference: Reference, masks: Mapping[str, bytes]) -> Tensor:
    if recipe.like is None:
        return reference.palette
    if isinstance(recipe.like, str):
        return reference.part(read(content(recipe.like, masks)))
    return torch.tensor(recipe.like, dtype=torch.float64)


def match(picture: Picture, like: Look | Regions) -> Picture:
    """A photo with the colours and the light of a palette, or of several here and there; structure stays the photo's.

    like: how much of which, with the palette in the place of a style vector; its strokes mean nothing.
    """
    if isinstance(like, Regions) and not like.strokes:
        return picture
    sample = Sample.of(picture)
    height, width = sample.opaque.shape
    if isinstance(like, Regions):
        palettes, shares = like.palettes((height, width))
        shares = stretched(shares, (height, width))
    else:
        palettes, shares = like.style_vector[None], torch.ones(1, 1, 1)
    palettes, whose = palettes.unique(dim=0, return_inverse=True)  # regions of one are one, whatever their strength
    total = shares.sum(0)
    made = (total == 0) * sample.lab
    for row, palette in enumerate(palettes):
        share = shares[whose == row].sum(0).expand(height, width)
        made += share / total.clamp_min(1e-6) * graded(sample.lab, share * sample.opaque, Palette.from_numbers(palette))
    rgb = from_oklab(made)
    return finish(picture, rgb, AffineConfig(), strength=like.strength, preserve_color=like.preserve_color)
