"""What the commands share that make pictures of an exemplar's own pixels: reading, and how far they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from impasto.scripts import pictures

if TYPE_CHECKING:
    from impasto.model.exemplar.plan import Plan
    from impasto.model.pictures.picture import Picture


def made(plan: Plan, *paths: Path) -> Picture:
    """What a plan makes of pictures, with a bar. Raises as `Plan.make` does, ImageError, OSError."""
    read = [pictures.read(path, at_most=at_most) for path, at_most in zip(paths, plan.at_most, strict=True)]
    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}<{remaining}", disable=None) as bar:
        return plan.make(read, lambda share: bar.update(100 * share - bar.n))
