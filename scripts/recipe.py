"""Print the command that paints a picture again, from the recipe in its file.

    impasto recipe out.png

The photo is not in the recipe: put its name in the place of photo.jpg.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro


@dataclass(frozen=True)
class Arguments:
    picture: tyro.conf.Positional[Path]
    """A picture that Impasto painted."""


def run(arguments: Arguments) -> None:
    """Raises NoRecipe, ImageError, OSError."""
    from impasto.model.network import checkpoint
    from impasto.model.painting.recipe import Recipe

    recipe = Recipe.of(arguments.picture.read_bytes())
    print(recipe.as_command(Path("photo.jpg"), arguments.picture))
    if recipe.network_id not in (None, *checkpoint.load().network_ids):
        print(f"Name the file of network {recipe.network_id} with --checkpoint: it is not Impasto's.", file=sys.stderr)
