"""Paint a film, or a moving picture, frame by frame.

    impasto video in.mp4 --style van-gogh-starry-night=0.7 hokusai-great-wave=0.3 -o out.mp4
    impasto video in.mp4 --style klimt-the-kiss --flow -o out.mp4          # steadier still, and slower
    impasto video in.mp4 --from klimt-the-kiss --to munch-the-scream -o out.mp4
    impasto video dance.gif --style klimt-the-kiss -o dance.webp

Sound is copied as it is. Killed and started again with the same words it goes on. Needs the extra `video`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.network.config import SHIPPED, Precision
from impasto.model.painting.stroke import Stroke


@dataclass(frozen=True)
class Arguments:
    film: tyro.conf.Positional[Path]
    """A film (MP4, MOV, Matroska, WebM, AVI, ...) or a moving picture (GIF, WebP, PNG, AVIF)."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The file to write: .mp4, .mov, .mkv, .webm, .gif, .webp, .png or .avif."""
    style: tuple[str, ...] = ()
    """Style ids, as ID or ID=WEIGHT. Weights sum to 1; without any, all are equal."""
    from_: Annotated[tuple[str, ...], tyro.conf.arg(name="from")] = ()
    """In place of --style: the style, or blend, of the first frame, from which it moves to that of the last."""
    to: tuple[str, ...] = ()
    """The style, or blend, of the last frame."""
    flow: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Carry what is painted along with what moves: much steadier, and slower."""
    strength: float = 1.0
    """1 is the painting, 0 the film."""
    preserve_color: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Keep the film's colours."""
    stroke: Stroke = 1.0
    """Size of the strokes relative to the picture, as `impasto paint` takes it."""
    small: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Paint with the small network: a third of the time, and nearly the same picture."""
    longest: float = 900
    """Seconds; a longer film is not begun."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """Of the convolutions."""


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts.filming import paint

    keep_freed_memory()
    paint(arguments)
