"""The regions that a request brings along, and the files of their masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import File, Form, UploadFile

from impasto.model.errors import InvalidValue, about
from impasto.model.network.config import Whose
from impasto.model.painting.region_recipe import RegionRecipe, digest
from impasto.model.painting.regions import MOST_REGIONS

LONGEST_REGION = 30_000
"""Letters of a region's JSON: a polygon of 500 corners, or a mask of 20 kB."""


@dataclass(frozen=True)
class RegionForm:
    """What is asked of the regions of a photo, which need not have any."""

    recipes: tuple[RegionRecipe, ...]
    masks: list[UploadFile]
    statistics: Whose

    async def read(self) -> dict[str, bytes]:
        """The files of the masks, by their names. Raises InvalidValue for one of no region, and for two of one name."""
        files = {}
        wanted = {each.mask for each in self.recipes}
        for mask in self.masks:
            name = mask.filename or ""
            if name not in wanted:
                raise InvalidValue(f"mask: no region has {name!r:.100} for its mask; name it there, or leave it out")
            if name in files:
                raise InvalidValue(f"mask: there are two of the name {name!r:.100}; give each its own")
            files[name] = await mask.read()
        return files

    def recipe_of_file(self, masks: Mapping[str, bytes]) -> tuple[object, ...]:
        """All that decides, beside photo and styles, on the file that is answered."""
        return self.recipes, {name: digest(file) for name, file in masks.items()}, self.statistics


def get_region_form(
    region: Annotated[
        list[Annotated[str, Form(max_length=LONGEST_REGION)]] | None,
        Form(
            max_length=MOST_REGIONS,
            description="A part of the picture that is painted otherwise, as JSON: where (the name of a `mask`, or a "
            "shape in fractions of width and height), the weights of its styles, and its own strength, preserve_color "
            "and stroke, if they are not the picture's; repeat it for more. docs/regions.md has it all",
            examples=[
                ['{"gradient": {"from": [0, 0.5], "to": [1, 0.5]}, "weights": {"hokusai-great-wave": 1}}'],
                ['{"mask": "sky.png", "weights": {"van-gogh-starry-night": 0.7, "hokusai-great-wave": 0.3}}'],
            ],
        ),
    ] = None,
    mask: Annotated[
        list[UploadFile] | None,
        File(
            description="The picture of a mask, white where the region is, stretched over the photo; named by a region"
        ),
    ] = None,
    statistics: Annotated[
        Whose,
        Form(description="region: each region is normalized by itself: more of its own style, less of one picture"),
    ] = "picture",
) -> RegionForm:
    recipes = []
    for number, text in enumerate(region or [], start=1):
        with about(f"region {number}"):
            recipes.append(RegionRecipe.from_text(text))
    return RegionForm(tuple(recipes), mask or [], statistics)
