"""Make a photo of pieces of a texture: from afar the photo, from near the cloth.

    impasto transfer photo.jpg --texture cloth.jpg -o out.png
    impasto transfer photo.jpg --texture cloth.jpg -o out.png --block 24 --passes 4

Every pixel is the texture's. docs/textures.md shows what it is for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.exemplar.config import TransferConfig


@dataclass(frozen=True)
class Arguments:
    photo: tyro.conf.Positional[Path]
    """The photo."""
    texture: Path
    """What it is made of."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write: .jpg, .png or .webp."""
    seed: int = 0
    """Of what is left to chance."""
    config: tyro.conf.OmitArgPrefixes[TransferConfig] = field(default_factory=TransferConfig)


def run(arguments: Arguments) -> None:
    from impasto.model.exemplar.plan import TransferPlan
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts import pictures
    from impasto.scripts.exemplars import made

    keep_freed_memory()
    pictures.check_target(arguments.output)
    plan = TransferPlan(arguments.config, arguments.seed)
    pictures.write(made(plan, arguments.photo, arguments.texture), arguments.output)
