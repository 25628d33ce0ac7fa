"""Render the pictures of the README anew from the shipped network: docs/images/*.jpg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro
from torch import Tensor

from impasto.app.painting.previews import PHOTO
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet


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
    corners: tuple[str, str, str, str] = (
        "van-gogh-starry-night",
        "klimt-the-kiss",
        "hokusai-great-wave",
        "munch-the-scream",
    )
    """The four styles of the blend square: top left, top right, bottom left, bottom right."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    source = checkpoint.load(arguments.checkpoint)
    stylizer = Stylizer(source.network, device=arguments.device)
    arguments.output.mkdir(parents=True, exist_ok=True)
    photo = images.decode(arguments.photo.read_bytes(), longest_side=256)

    def painted(weights: dict[str, float]) -> Tensor:
        return stylizer.stylize(photo, source.styles.blend(weights)).rgb

    every = [(style.title, painted({style.id: 1.0})) for style in source.styles.styles]
    contact_sheet(every, columns=8).save(arguments.output / "gallery.jpg", quality=88)
    first, second = arguments.pair
    shares = [step / 8 for step in range(9)]
    strip = [(f"{share:.1%}", painted({first: 1 - share, second: share})) for share in shares]
    contact_sheet(strip, columns=9).save(arguments.output / "blend.jpg", quality=88)
    square = [(_caption(down, right), painted(_square(arguments.corners, down, right))) for down, right in PLACES]
    contact_sheet(square, columns=SIDE).save(arguments.output / "square.jpg", quality=88)


SIDE = 5
"""Pictures along a side of the blend square."""
PLACES = [(row / (SIDE - 1), column / (SIDE - 1)) for row in range(SIDE) for column in range(SIDE)]


def _square(corners: Sequence[str], down: float, right: float) -> dict[str, float]:
    """The weights of the corners' styles at a place of the square: bilinear interpolation."""
    shares = ((1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right)
    weights = dict.fromkeys(corners, 0.0)
    for corner, share in zip(corners, shares, strict=True):
        weights[corner] += share
    return weights


def _caption(down: float, right: float) -> str:
    return f"{down:.0%} down, {right:.0%} right"


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
