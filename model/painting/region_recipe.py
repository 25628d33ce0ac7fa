"""A region as people and programs write it: one JSON object, the same in requests, recipes, links and commands."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from torch import Tensor

from impasto.model.errors import InvalidValue, about
from impasto.model.network.config import Whose
from impasto.model.painting.masks import Ellipse, Gradient, Polygon, Rectangle, feathered, read
from impasto.model.painting.regions import Look, Manner, Region, Regions
from impasto.model.painting.stroke import LEAST, MOST
from impasto.model.photorealism.palette import NUMBERS
from impasto.model.pictures import images
from impasto.model.pictures.planes import Size
from impasto.model.styles.blend import MOST_BLENDED
from impasto.model.styles.table import StyleTable

# Nothing that a shell, a terminal or a command could take for something else than a name.
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Strength = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
PaletteNumbers = Annotated[tuple[Number, ...], Field(min_length=NUMBERS, max_length=NUMBERS, strict=False)]
"""As `model/photorealism/palette.py` has them."""
CheckedStroke = Annotated[float, Field(ge=LEAST, le=MOST)] | Literal["native"]

URL, DIGEST = "data:", "sha256:"
MOST_LETTERS = images.LONGEST_DESCRIPTION - 10_000
"""Of all regions, without their masks: the rest is for styles."""
SHAPES = "gradient", "ellipse", "rectangle", "polygon"


class RegionRecipe(BaseModel, frozen=True, strict=True, extra="forbid"):
    """A part of the picture, and how it is painted.

    mask: the name of a mask's file, or all of it as a data URL; or one of the shapes.
    feather: how wide its soft edge is, as a share of the picture's longer side.
    weights: of style ids, with sum 1. like: instead, of a photo that is to be like another picture: the mask of a part
        of that, as `mask` is, or a palette; None for all of it.
    strength, preserve_color, stroke: None for those of the picture.
    """

    mask: str | None = None
    gradient: Gradient | None = None
    ellipse: Ellipse | None = None
    rectangle: Rectangle | None = None
    polygon: Polygon | None = None
    feather: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    weights: Annotated[dict[Id, Weight], Field(max_length=MOST_BLENDED)] = {}
    like: str | PaletteNumbers | None = None
    strength: Strength | None = None
    preserve_color: bool | None = None
    stroke: CheckedStroke | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [name for name in ("mask", *SHAPES) if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a region is one of mask, {', '.join(SHAPES)}, not {' and '.join(given) or 'none of them'}"
            )
        return self

    @classmethod
    def from_text(cls, text: str) -> RegionRecipe:
        """A region from JSON. Raises InvalidValue, naming what is wrong."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InvalidValue(told(error)) from None

    def to_text(self) -> str:
        """The reverse of `from_text`."""
        return self.model_dump_json(by_alias=True, exclude_none=True)

    @property
    def masks(self) -> list[str]:
        """Its masks that are pictures: on the photo, and on the one that is to be like."""
        return [mask for mask in (self.mask, self.like) if isinstance(mask, str)]

    @property
    def files(self) -> list[str]:
        """The names of their files, of those that are elsewhere."""
        return [mask for mask in self.masks if _file(mask)]

    def beside(self, folder: Path) -> RegionRecipe:
        """The same, with the files of its masks in a folder."""
        files = {name: file for name in ("mask", "like") if (file := _file(getattr(self, name)))}
        return self.model_copy(update={name: str(folder / file) for name, file in files.items()})

    def is_there(self, files: Mapping[str, bytes]) -> bool:
        """Whether its mask is at hand: among the files, or in its text."""
        return self.mask is not None and (self.mask in files or self.mask.startswith(URL))

    def mask_on(self, size: Size, files: Mapping[str, bytes]) -> Tensor:
        """Its mask for a picture of that height and width. files: of masks, by their names.

        Raises InvalidValue for a file that is not there, and what decoding a picture raises.
        """
        shape = self.gradient or self.ellipse or self.rectangle or self.polygon
        mask = shape.mask(size) if shape else read(content(self.mask or "", files))
        return feathered(mask, self.feather, size)

    def look(self, usual: Look) -> Look:
        """How it is painted. usual: in its style, but as the picture is."""
        own = {name: getattr(self, name) for name in ("strength", "preserve_color", "stroke")}
        return replace(usual, **{name: value for name, value in own.items() if value is not None})


def _file(mask: object) -> str | None:
    return mask if isinstance(mask, str) and mask and not mask.startswith((URL, DIGEST)) else None


def told(error: ValidationError) -> str:
    """What is wrong with a text, and where, of a recipe's region by its number: in one line, with nothing odd of it."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = [part for part in fault["loc"] if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(part))]
    region = []
    if where[:1] == ["regions"] and len(where) > 1:
        region, where = [f"region {int(where[1]) + 1}"], where[2:]
    return ": ".join([*region, *filter(None, [".".join(map(str, where))]), fault["msg"].removeprefix("Value error, ")])


def looks(recipes: Sequence[RegionRecipe], styles: StyleTable, usual: Manner) -> list[Look]:
    """How each region is painted. usual: how the picture is.

    Raises UnknownStyle and InvalidWeights, naming the region.
    """
    found = []
    for number, recipe in enumerate(recipes, start=1):
        with about(f"region {number}"):
            if not recipe.weights or recipe.like is not None:
                raise InvalidValue(
                    "weights: name styles; only of a photo that is to be like another picture none are named"
                )
            found.append(recipe.look(Look.of(styles.blend(recipe.weights), usual)))
    return found


def drawn(
    size: Size,
    recipes: Sequence[RegionRecipe],
    looks: Sequence[Look],
    rest: Look | None,
    *,
    masks: Mapping[str, bytes],
    statistics: Whose = "picture",
) -> Regions:
    """Regions on a picture of that height and width. rest: as `Regions` takes it. masks: files, by their names.

    Raises what drawing a mask raises, naming the region.
    """
    regions = []
    for number, (recipe, look) in enumerate(zip(recipes, looks, strict=True), start=1):
        with about(f"region {number}"):
            regions.append(Region(recipe.mask_on(size, masks), look))
    return Regions(size, regions, rest, by_region=statistics == "region")


def check_length(recipes: Sequence[RegionRecipe], beside: int = 0) -> None:
    """Raises InvalidValue for regions of more letters, masks aside, than fit into a picture's file.

    beside: letters of what else is long there.
    """
    letters, most = sum(len(_without_masks(each).to_text()) for each in recipes), MOST_LETTERS - beside
    if letters > most:
        raise InvalidValue(f"the regions have {letters:,} letters, and {most:,} are the most; round the corners")


def _without_masks(recipe: RegionRecipe) -> RegionRecipe:
    like = _file(recipe.like) if isinstance(recipe.like, str) else recipe.like
    return recipe.model_copy(update={"mask": _file(recipe.mask), "like": like})


def content(mask: str, files: Mapping[str, bytes]) -> bytes:
    """The file of a mask, from its name or data URL. Raises InvalidValue."""
    if mask in files:
        return files[mask]
    if mask.startswith(DIGEST):
        raise InvalidValue(f"its mask was too large for the recipe, which has its digest, {mask}; name the file itself")
    if not mask.startswith(URL):
        known = f"; there is {', '.join(files)}" if files else ""
        raise InvalidValue(f"there is no mask {mask!r:.100}{known}")
    _, begins, data = mask.partition(";base64,")
    try:
        return base64.b64decode(data if begins else "-", validate=True)
    except binascii.Error:
        raise InvalidValue("its mask is no data URL in base64, data:image/png;base64,…") from None


def data_url(file: bytes) -> str:
    """All of a mask's file as a text."""
    return f"{URL}image/{images.format_of(file)};base64,{base64.b64encode(file).decode()}"


def digest(file: bytes) -> str:
    """What a mask's file is told by."""
    return DIGEST + hashlib.sha256(file).hexdigest()
