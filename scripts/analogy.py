"""Do to a picture what was done to another one: A is to A′ as B is to what?

    impasto analogy A.jpg A-prime.jpg B.jpg -o out.png
    impasto analogy photo.jpg its-painting.jpg mine.jpg -o out.png --kappa 15 --keep-color
    impasto analogy map.png place.jpg other-map.png -o out.png --compare color

Every pixel is one of A′. docs/textures.md shows what it is for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.exemplar.config import AnalogyConfig


@dataclass(frozen=True)
class Arguments:
    a: tyro.conf.Positional[Path]
    """A, what something was done to."""
    a_prime: tyro.conf.Positional[Path]
    """A′, what came of it: pixel by pixel what A shows."""
    b: tyro.conf.Positional[Path]
    """B, what the same is to be done to."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write: .jpg, .png or .webp."""
    keep_color: bool = False
    """Take brightness alone from A′, and the colours from B, as the authors do for what draws and paints."""
    config: tyro.conf.OmitArgPrefixes[AnalogyConfig] = field(default_factory=AnalogyConfig)


def run(arguments: Arguments) -> None:
    from impasto.model.exemplar.plan import AnalogyPlan
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts import pictures
    from impasto.scripts.exemplars import made

    keep_freed_memory()
    pictures.check_target(arguments.output)
    plan = AnalogyPlan(arguments.config, arguments.keep_color)
    pictures.write(made(plan, arguments.a, arguments.a_prime, arguments.b), arguments.output)
