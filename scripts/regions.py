"""Regions as `impasto paint` is told of them, the files of their masks, and recipes, which have both."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from impasto.model.errors import InvalidValue, about
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.likeness import Reference
from impasto.model.painting.masks import read
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.region_recipe import RegionRecipe, check_length, content
from impasto.model.painting.regions import MOST_REGIONS
from impasto.model.styles.shares import parse_shares
from impasto.scripts.paint import Wanted

DECIDED = "strength", "preserve_color", "stroke", "statistics", "small", "photorealistic", "like", "painting"
"""What a recipe decides on, besides styles and regions."""


def parse_regions(texts: Sequence[str]) -> tuple[RegionRecipe, ...]:
    """`MASK=ID:WEIGHT,ID:WEIGHT` or JSON each. Raises InvalidValue, naming the region."""
    if len(texts) > MOST_REGIONS:
        raise InvalidValue(f"there are {len(texts)} regions; a picture has at most {MOST_REGIONS}")
    regions = []
    for number, text in enumerate(texts, start=1):
        with about(f"region {number}"):
            regions.append(RegionRecipe.from_text(text if text.lstrip().startswith("{") else _as_json(text)))
    check_length(regions)
    return tuple(regions)


def _as_json(text: str) -> str:
    mask, _, blend = text.rpartition("=")
    if not mask:
        raise InvalidValue(f"{text!r} is neither MASK=ID:WEIGHT,ID:WEIGHT nor a JSON object")
    return json.dumps({"mask": mask, "weights": parse_shares([each.replace(":", "=") for each in blend.split(",")])})


def read_masks(regions: Sequence[RegionRecipe]) -> dict[str, bytes]:
    """The files of their masks, by their names. Raises InvalidValue, ImageError, naming the region."""
    files = {}
    for number, region in enumerate(regions, start=1):
        with about(f"region {number}"):
            for file in region.files:
                try:
                    files[file] = Path(file).read_bytes()
                except (OSError, ValueError) as error:  # the latter for what can be no name
                    reason = error.strerror if isinstance(error, OSError) else error
                    raise InvalidValue(f"{file}: {reason}") from error
            for mask in region.masks:
                read(content(mask, files))  # now, and not only when a photo is painted
    return files


def from_recipe(path: Path, wanted: Wanted, source: Checkpoint) -> Wanted:
    """What stands for a recipe, or for that in a picture's file.

    Raises NoRecipe, NoSmallNetwork, ImageError, OSError.
    """
    usual = Wanted()
    if any(getattr(wanted, name) != getattr(usual, name) for name in DECIDED):
        raise InvalidValue(f"--recipe decides on {', '.join(DECIDED)}; give it alone, or with --size")
    recipe = Recipe.read(path.read_bytes())
    for number, region in enumerate(recipe.regions, start=1):
        for file in region.files:
            if Path(file).name != file:
                raise InvalidValue(f"region {number}: the mask {file!r} is to lie beside the recipe")
    network_id = source.of(recipe.network or "large").network_id
    if recipe.network_id not in (None, network_id):
        networks = f"the recipe is for network {recipe.network_id}, and this is {network_id}"
        print(f"impasto: {networks}: the painting differs; --checkpoint names its file", file=sys.stderr)
    regions = [each.beside(path.parent) for each in recipe.regions]
    return replace(
        wanted,
        recipe=None,
        style=tuple(f"{name}={weight!r}" for name, weight in recipe.weights.items()),
        region=tuple(each.to_text() for each in regions),
        statistics=recipe.statistics,
        strength=recipe.strength,
        preserve_color=recipe.preserve_color,
        stroke=recipe.stroke,
        photorealistic=recipe.photorealistic,
        like=json.dumps(recipe.like) if recipe.like else None,
        painting=recipe.painting,
        small=recipe.network == "small",
        size=wanted.size or recipe.size,
    )


def read_reference(like: str) -> Reference:
    """What photos are to be like: a picture's file, or a palette as JSON. Raises InvalidValue, ImageError."""
    try:
        data = like.encode() if like.lstrip().startswith("[") else Path(like).read_bytes()
    except (OSError, ValueError) as error:  # the latter for what can be no name
        raise InvalidValue(f"--like {like}: {error.strerror if isinstance(error, OSError) else error}") from error
    return Reference.read(data)
