#!/usr/bin/env python3
"""Render the pictures of the README anew from the shipped network: docs/images/*.jpg."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro
from torch import Tensor

from app.previews import PHOTO
from model import images
from model.checkpoint import SHIPPED
from model.contact_sheet import contact_sheet
from model.stylizer import Stylizer


@dataclass(frozen=True)
class Arguments:
    photo: Path = PHOTO
    """The photo that is painted."""
    output: Path = Path("docs/images")
    """Folder of the pictures."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    pair: tuple[str, str] = ("van-gogh-starry-night", "hokusai-great-wave")
    """The two styles of the blend strip."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    stylizer = Stylizer.load(arguments.checkpoint, device=arguments.device)
    arguments.output.mkdir(parents=True, exist_ok=True)
    photo = images.decode(arguments.photo.read_bytes(), longest_side=256)

    def painted(weights: dict[str, float]) -> Tensor:
        return stylizer.stylize(photo, weights).rgb

    every = [(style.title, painted({style.id: 1.0})) for style in stylizer.styles.styles]
    contact_sheet(every, columns=8).save(arguments.output / "gallery.jpg", quality=88)
    first, second = arguments.pair
    steps = [(f"{share:.0%}", painted({first: 1 - share, second: share})) for share in (0, 0.25, 0.5, 0.75, 1)]
    contact_sheet([("photo", photo.rgb), *steps], columns=6).save(arguments.output / "blend.jpg", quality=90)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
