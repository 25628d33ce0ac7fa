"""Make styled copies of the pictures of a data set.

    impasto augment dataset/ styled/ -n 3
    impasto augment dataset/train/ augmented/train/ -n 2 --originals    # a whole training set: copies and originals
    impasto augment dataset/ styled/ --style klimt-the-kiss munch-the-scream --alpha 0.3 0.8 --small

Folders stay as they are, so that labels do: cat/tom.jpg becomes cat/tom-styled-1.jpg, cat/tom-styled-2.jpg and so on.
Every copy has a style of its own, drawn by the seed, the picture's path and the copy's number: whatever else is in the
folder, and however often the command is stopped, the copies are the same. What is there and whole is not made again. A
picture that cannot be read is named at the end, and the others go on. docs/augmentation.md shows what it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from impasto.model.network.config import SHIPPED
from impasto.model.painting.stroke import Stroke


@dataclass(frozen=True)
class Arguments:
    dataset: tyro.conf.Positional[Path]
    """A folder of pictures, or of folders of pictures, as deep as they are."""
    output: tyro.conf.Positional[Path]
    """The folder to write, with the same folders."""
    copies: Annotated[int, tyro.conf.arg(aliases=["-n"])] = 1
    """Styled copies of each picture."""
    alpha: tuple[float, float] = (0.5, 1.0)
    """The least and the most that a copy is its painting; the rest is the picture itself."""
    draw: Literal["hull", "gaussian"] = "hull"
    """hull: blends of styles. gaussian: normally distributed, as the styles are."""
    concentration: float = 1.0
    """Of the hull: near 0 single styles, 1 blends of one or two, more: blends of more."""
    style: tuple[str, ...] = ()
    """Ids of the styles that are drawn from. Default: all."""
    seed: int = 0
    """Of what is left to chance."""
    stroke: Stroke = 1.0
    """Size of the strokes relative to the picture, as `impasto paint` has it."""
    small: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Paint with the small network: a third of the time."""
    originals: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Copy the pictures themselves into the output, too."""
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Make again what the output has already."""
    quality: int = 92
    """Of JPEG and WebP, 1 to 100."""
    batch: int = 16
    """Copies of one size that are painted at once, which a GPU is faster with."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts.augmenting import augment

    keep_freed_memory()
    augment(arguments)
