"""Render the pictures of the README anew from the shipped network: docs/images/*.jpg.

With --large, a photo of 2048 pixels or more, also strokes.jpg for docs/strokes.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro
from torch import Tensor

from impasto.app.painting.previews import PHOTO
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.painting.stroke import NATIVE, Stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import fit
from impasto.model.styles.table import StyleTable


@dataclass(frozen=True)
class Arguments:
    photo: Path = PHOTO
    """The photo that is painted."""
    large: Path | None = None
    """A large photo, for the picture of strokes. Default: that picture is left as it is."""
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
    """The four styles of the blend square: top left, top right, bottom left, bottom right; and of the strokes."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    source = checkpoint.load(arguments.checkpoint)
    stylizer = Stylizer.of(source, device=arguments.device)
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
    if arguments.large:
        large = images.decode(arguments.large.read_bytes(), at_most=LARGE)
        strokes = [cell for style in arguments.corners for cell in _strokes(stylizer, source.styles, style, large)]
        contact_sheet(strokes, columns=1 + len(STROKES)).save(arguments.output / "strokes.jpg", quality=88)


LARGE, SHOWN = 2048, 480
"""Longest sides in pixels at which the large photo is painted and shown."""
STROKES: dict[Stroke, str] = {NATIVE: "one pass", 1.0: "stroke 1", 2.0: "stroke 2"}
"""How it is painted: each a column beside the photo."""


def _strokes(stylizer: Stylizer, styles: StyleTable, style: str, photo: Picture) -> Iterator[tuple[str, Tensor]]:
    """A photo, and how it is painted in a style with strokes of several sizes, whole."""
    yield styles[style].title, fit(photo.rgb, SHOWN)
    for stroke, caption in STROKES.items():
        yield caption, fit(stylizer.stylize(photo, styles.blend({style: 1.0}), stroke=stroke).rgb, SHOWN)


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
