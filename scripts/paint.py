"""Paint photos with a trained network.

    impasto paint photo.jpg --style van-gogh-starry-night -o out.png
    impasto paint photo.jpg --style van-gogh-starry-night=0.7 hokusai-great-wave=0.3 -o out.png
    impasto paint photos/ --style klimt-the-kiss -o painted/           # a folder, or several photos
    impasto paint photos/ --style klimt-the-kiss -o painted/ --watch   # and whatever comes into it
    impasto paint - --style klimt-the-kiss -o - <photo.jpg >out.jpg    # from standard input to standard output
    impasto paint photo.jpg --all -o sheet.jpg                         # every style on one sheet
    impasto paint dance.gif --style klimt-the-kiss --frames all -o dance.webp     # a photo that moves
    impasto paint photo.jpg --style klimt-the-kiss --region sky.png=munch-the-scream -o out.png    # where it is white
    impasto paint photo.jpg --painting sketch.jpg -o out.png           # like a painting at hand, not learned but seen
    impasto paint photo.jpg --like evening.jpg --photorealistic -o out.jpg    # its colours and light, and still a photo

What a folder has already is not painted again; a photo that cannot be painted is named, and the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from impasto.model.network.config import SHIPPED, Precision, Whose
from impasto.model.painting.stroke import Stroke


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How photos are painted: what `impasto bulk` is told, too."""

    style: tuple[str, ...] = ()
    """Style ids, as ID or ID=WEIGHT. Weights sum to 1; without any, all are equal."""
    painting: str | None = None
    """A painting that stands among the styles by the id painting, or is the only one: its style is told at a glance. Or
    its style vector, as recipes have it."""
    region: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """A part of the picture in another style: MASK=ID:WEIGHT,ID:WEIGHT, where MASK is a picture, white where the part
    is; or a region as JSON, with shapes and more (docs/regions.md). Repeat it for more. Without --style, the rest stays
    the photo."""
    statistics: Whose = "picture"
    """region: each region is normalized by itself, which is more of its own style and less of one picture."""
    photorealistic: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Take only colours and light from the painting: the result is a photo, with every edge where it was."""
    like: str | None = None
    """photorealistic, instead of --style: a picture whose colours and light are taken, or its palette as JSON. A
    --region is then JSON without weights, perhaps with the mask of a part of that picture (docs/photorealistic.md)."""
    recipe: Path | None = None
    """A recipe, or a picture that has one in its file: everything that decides on the painting is taken from it, its
    size too unless there is a --size."""
    strength: float = 1.0
    """1 is the painting, 0 the photo."""
    preserve_color: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Keep the photo's colours."""
    stroke: Stroke = 1.0
    """Size of the strokes relative to the picture, 0.25 to 4: 1 as in a picture of 512 pixels, 2 twice as large; or
    native: a single pass of the network, whose strokes are a fixed number of pixels."""
    small: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Paint with the small network: a third of the time, and nearly the same picture."""
    size: int | None = None
    """Longest side of the result in pixels. Default: the photo's own; 320 a picture on a sheet."""
    quality: int = 92
    """Of JPEG and WebP, and of an AVIF that moves, 1 to 100."""
    no_recipe: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Do not write into the picture what it was painted with."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Paint again what the output folder has already."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """Of the convolutions."""


@dataclass(frozen=True)
class Arguments(Wanted):
    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, or folders of photos; - is standard input."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write, - for standard output; a folder when there are several photos."""
    all: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Write a contact sheet of every style instead."""
    frames: Literal["first", "all"] = "first"
    """all: of a GIF, WebP, PNG or AVIF that moves, every frame, for which it needs the extra `video`."""
    watch: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Go on with photos that come into the folders or change there, until Ctrl-C."""


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts.painting import paint

    keep_freed_memory()
    paint(arguments)
