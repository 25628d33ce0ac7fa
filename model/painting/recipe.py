"""What a picture was painted with, written into its file and read back from anybody's."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from impasto.model.errors import InvalidValue
from impasto.model.painting.stroke import LEAST, MOST, NATIVE
from impasto.model.pictures import images

MOST_STYLES = 500
"""With ids of any length their text fits into a JPEG's EXIF, which has 64 kB."""

# Nothing that a shell, a terminal or a command could take for something else than a name.
Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CheckedStroke = Annotated[float, Field(ge=LEAST, le=MOST)] | Literal["native"]


class NoRecipe(InvalidValue):
    """A file without a recipe, or a text that is none."""


class Recipe(BaseModel, frozen=True, strict=True, extra="forbid"):
    """All that is needed, besides the photo, to paint a picture again to the bit.

    weights: of the style ids, as they were asked for. network_id: of the network that painted.
    size: longest side of the picture in pixels.
    strength, preserve_color, stroke: as `Stylizer.stylize` takes them.
    impasto: the version of this format. What it does not know would be left out of the picture, so it is refused.
        1, which is read as well, knew no stroke: its pictures were painted in a single pass.
    """

    impasto: Literal[2] = 2
    weights: Annotated[dict[Id, Weight], Field(min_length=1, max_length=MOST_STYLES)]
    network_id: Id
    size: Annotated[int, Field(gt=0)]
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0
    preserve_color: bool = False
    stroke: CheckedStroke = 1.0

    @model_validator(mode="before")
    @classmethod
    def _of_version_1(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and fields.get("impasto") == 1 and "stroke" not in fields:
            return {**fields, "impasto": 2, "stroke": NATIVE}
        return fields

    @classmethod
    def of(cls, data: bytes) -> Recipe:
        """The recipe in a picture's file. Raises NoRecipe, UndecodableImage, UnsupportedFormat."""
        text = images.description(data)
        if text is None:
            raise NoRecipe("the picture has no recipe: it was not painted by Impasto, or the recipe was taken out")
        return cls.from_text(text)

    @classmethod
    def from_text(cls, text: str) -> Recipe:
        """The reverse of `to_text`, of whatever text. Raises NoRecipe."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
            raise NoRecipe(f"the picture's description is no recipe, or a newer Impasto's: {fault}") from None

    def to_text(self) -> str:
        """JSON in ASCII, for `description` of `images.encode`."""
        return self.model_dump_json()

    def as_command(self, photo: Path, output: Path) -> str:
        """The command, for a shell, that paints the photo so again."""
        style = [f"{name}={weight!r}" for name, weight in self.weights.items()]
        words = ["impasto", "paint", str(photo), "--style", *style]
        if self.strength != 1:
            words += ["--strength", repr(self.strength)]
        if self.preserve_color:
            words += ["--preserve-color"]
        if self.stroke != 1:
            words += ["--stroke", str(self.stroke)]
        return shlex.join([*words, "--size", str(self.size), "-o", str(output)])
