"""What a picture was painted with, written into its file and read back from anybody's."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from impasto.model.errors import InvalidValue
from impasto.model.network.config import Which, Whose
from impasto.model.painting.region_recipe import (
    CheckedStroke,
    Id,
    PaletteNumbers,
    RegionRecipe,
    Strength,
    Weight,
    content,
    data_url,
    digest,
    told,
)
from impasto.model.painting.regions import MOST_REGIONS
from impasto.model.painting.stroke import NATIVE
from impasto.model.pictures import images
from impasto.model.styles import guest

Vector = Annotated[str, AfterValidator(guest.checked)]
MOST_STYLES = 500
"""With ids of any length their text fits into a JPEG's EXIF, which has 64 kB."""


class NoRecipe(InvalidValue):
    """A file without a recipe, or a text that is none."""


class Recipe(BaseModel, frozen=True, strict=True, extra="forbid"):
    """All that is needed, besides the photo, to paint a picture again to the bit.

    weights: of the style ids, as they were asked for; none where what no region covers stays the photo.
    network_id: of the network that painted. network: small if that was the small one. size: longest side of the
        picture in pixels. Pictures have all; who writes a recipe may leave out the id, and means whatever network, and
        the size, and means the photo's own.
    strength, preserve_color, stroke: as `Stylizer.stylize` takes them.
    photorealistic: whether only colours and light are taken from the painting. like: from a picture instead, by its
        palette.
    painting: the style vector of a painting that was given along, as `model/styles/guest.py` writes it.
    regions: what is painted otherwise. statistics: whose normalize them.
    impasto: the version of this format. What it does not know would be left out of the picture, so it is refused.
        1 and 2 are read as well: 1 knew no stroke, its pictures were painted in a single pass; 2 knew no regions.
    """

    impasto: Literal[3] = 3
    weights: Annotated[dict[Id, Weight], Field(max_length=MOST_STYLES)] = {}
    network_id: Id | None = None
    network: Which | None = None
    size: Annotated[int, Field(gt=0)] | None = None
    strength: Strength = 1.0
    preserve_color: bool = False
    stroke: CheckedStroke = 1.0
    photorealistic: bool = False
    like: PaletteNumbers | None = None
    painting: Vector | None = None
    statistics: Whose = "picture"
    regions: Annotated[tuple[RegionRecipe, ...], Field(max_length=MOST_REGIONS, strict=False)] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_former_versions(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or fields.get("impasto") not in (1, 2) or {"statistics", "regions"} & {*fields}:
            return fields
        if fields["impasto"] == 1:
            return fields if "stroke" in fields else {**fields, "impasto": 3, "stroke": NATIVE}
        return {**fields, "impasto": 3}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.like and (self.weights or not self.photorealistic):
            raise ValueError("like: what is like a picture is photorealistic, and has no styles")
        if self.painting and not guest.is_invited([self.weights, *(each.weights for each in self.regions)]):
            raise ValueError("painting: it is among no styles; name it there by the id painting, or leave it out")
        if not (self.weights or self.regions or self.like):
            raise ValueError("nothing is painted: there is neither a style nor a region")
        return self

    @classmethod
    def of(cls, data: bytes) -> Recipe:
        """The recipe in a picture's file. Raises NoRecipe, UndecodableImage, UnsupportedFormat."""
        text = images.description(data)
        if text is None:
            raise NoRecipe("the picture has no recipe: it was not painted by Impasto, or the recipe was taken out")
        return cls.from_text(text)

    @classmethod
    def read(cls, data: bytes) -> Recipe:
        """The recipe in a file of its own, JSON, or in a picture's. Raises as `of` does."""
        return cls.from_text(data.decode("utf-8", "replace")) if data.lstrip()[:1] == b"{" else cls.of(data)

    @classmethod
    def from_text(cls, text: str) -> Recipe:
        """The reverse of `to_text`, of whatever text. Raises NoRecipe."""
        try:
            recipe = cls.model_validate_json(text)
        except ValidationError as error:
            raise NoRecipe(f"this is no recipe, or a newer Impasto's: {told(error)}") from None
        if "impasto" not in recipe.model_fields_set:
            raise NoRecipe('this is no recipe: it does not say of which version, as in "impasto": 3')
        return recipe

    def to_text(self, masks: Mapping[str, bytes] | None = None) -> str:
        """JSON in ASCII, for `description` of `images.encode`. masks: the files of the regions, by their names.

        They are part of it, unless they are too large for a picture's file, which then has what they are told by.
        """
        files = {
            each.mask: content(each.mask, masks or {})
            for each in self.regions
            if each.mask and each.is_there(masks or {})
        }
        written = data_url if sum(map(len, files.values())) < images.LONGEST_DESCRIPTION / 2 else digest
        text = self._with_masks(files, written)
        return text if len(text) <= images.LONGEST_DESCRIPTION else self._with_masks(files, digest)

    def _with_masks(self, files: Mapping[str, bytes], written: Callable[[bytes], str]) -> str:
        texts = {name: written(file) for name, file in files.items()}
        regions = [each.model_copy(update={"mask": texts.get(each.mask or "", each.mask)}) for each in self.regions]
        return self.model_copy(update={"regions": tuple(regions)}).model_dump_json(by_alias=True, exclude_none=True)

    def as_command(self, photo: Path, output: Path) -> str:
        """The command, for a shell, that paints the photo so again."""
        style = [f"{name}={weight!r}" for name, weight in self.weights.items()]
        if self.regions or self.like or self.painting:
            return shlex.join(["impasto", "paint", str(photo), "--recipe", str(output), "-o", str(output)])
        words = ["impasto", "paint", str(photo), "--style", *style]
        if self.network == "small":
            words += ["--small"]
        if self.strength != 1:
            words += ["--strength", repr(self.strength)]
        if self.preserve_color:
            words += ["--preserve-color"]
        if self.stroke != 1:
            words += ["--stroke", str(self.stroke)]
        if self.photorealistic:
            words += ["--photorealistic"]
        if self.size:
            words += ["--size", str(self.size)]
        return shlex.join([*words, "-o", str(output)])
