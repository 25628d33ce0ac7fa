"""The regions that a request brings along, and the files of their masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, File, Form, UploadFile

from impasto.model.errors import InvalidValue, about
from impasto.model.network.config import Whose
from impasto.model.painting.region_recipe import RegionRecipe, check_length, content
from impasto.model.painting.regions import MOST_REGIONS
from impasto.model.pictures import images

LONGEST_REGION = 30_000
"""Letters of a region's JSON: a polygon of 500 corners, or a mask of 20 kB."""


@dataclass(frozen=True)
class RegionForm:
    """What is asked of the regions of a photo, which need not have any."""

    recipes: tuple[RegionRecipe, ...]
    masks: list[UploadFile]
    statistics: Whose = "picture"

    async def read(self) -> dict[str, bytes]:
        """The files of the masks, by their names. Raises InvalidValue for one of no region, and for two of one name."""
        files = {}
        wanted = {mask for each in self.recipes for mask in each.masks}
        for mask in self.masks:
            name = mask.filename or ""
            if name not in wanted:
                raise InvalidValue(f"mask: no region has {name!r:.100} for its mask; name it there, or leave it out")
            if name in files:
                raise InvalidValue(f"mask: there are two of the name {name!r:.100}; give each its own")
            files[name] = await mask.read()
        return files

    def pixels(self, files: Mapping[str, bytes]) -> int:
        """Of the masks, by their headers. Raises what reading masks raises, naming the region."""
        pixels = 0
        for number, recipe in enumerate(self.recipes, start=1):
            with about(f"region {number}"):
                for mask in recipe.masks:
                    width, height = images.size(content(mask, files))
                    pixels += width * height
        return pixels

    @property
    def recipe_of_file(self) -> tuple[object, ...]:
        """All that decides, beside photo, styles and masks, on the file that is answered."""
        return self.recipes, self.statistics


async def get_plain_regions(
    region: Annotated[
        list[str] | None,
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
) -> RegionForm:
    """What is asked whether or not there are styles."""
    recipes = []
    for number, text in enumerate(region or [], start=1):
        with about(f"region {number}"):
            if len(text) > LONGEST_REGION:
                raise InvalidValue(f"it has {len(text):,} letters; send its mask as a file, or round its corners")
            recipes.append(RegionRecipe.from_text(text))
    check_length(recipes)
    return RegionForm(tuple(recipes), mask or [])


async def get_region_form(
    regions: Annotated[RegionForm, Depends(get_plain_regions)],
    statistics: Annotated[
        Whose,
        Form(description="region: each region is normalized by itself: more of its own style, less of one picture"),
    ] = "picture",
) -> RegionForm:
    return replace(regions, statistics=statistics)
