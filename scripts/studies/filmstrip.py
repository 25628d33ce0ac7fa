"""The pictures of docs/video.md: a film strip, and a film in which the strips of both move.

python -m impasto.scripts.studies.filmstrip --output docs/images
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from PIL import Image
from torch import Tensor

from impasto.app.painting.previews import PHOTO
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.picture import Picture
from impasto.model.video.config import MotionConfig
from impasto.model.video.continuity import Continuity
from impasto.scripts.studies.motions import filmed, floats

SIZE = 448, 300
"""Of the frames."""
STEP = 3
"""Pixels by which the camera moves in a frame."""
SHOWN = 6
"""Frames on the strip, one after the other."""
PART = 170
"""Side in pixels of what the strip shows of them: always the same part of the scene."""
PAUSE = 80
"""Milliseconds of a frame."""


@dataclass(frozen=True)
class Arguments:
    output: Path = Path("docs/images")
    """Folder of the pictures."""
    style: str = "hokusai-great-wave"
    frames: int = 20
    """Of the film."""
    checkpoint: Path = SHIPPED
    """Network and styles."""


def main(arguments: Arguments) -> None:
    source = checkpoint.load(arguments.checkpoint)
    stylizer = Stylizer.of(source)
    vector = source.styles.blend({arguments.style: 1})
    photo = images.decode(PHOTO.read_bytes()).rgb
    film = filmed(photo, SIZE, arguments.frames, lambda number: (1.0, 0.0, STEP * (number - arguments.frames / 2), 0.0))
    ways = {"the film": film.frames}
    ways["each frame by itself"] = [stylizer.stylize(Picture(frame), vector).pixels for frame in film.frames]
    for name, flow in (("held", False), ("held, and carried along", True)):
        continuity = Continuity(stylizer, MotionConfig(flow=flow))
        ways[name] = [continuity.paint(Picture(frame), vector).pixels for frame in film.frames]
    cells = [
        (name if number == 0 else "", _part(frame, number))
        for name, frames in ways.items()
        for number, frame in enumerate(floats(frames[:SHOWN]))
    ]
    contact_sheet(cells, columns=SHOWN).save(arguments.output / "video.jpg", quality=88)
    pairs = zip(ways["each frame by itself"], ways["held, and carried along"], strict=True)
    first, *others = [Image.fromarray(torch.cat(pair, dim=1).numpy()) for pair in pairs]
    first.save(
        arguments.output / "video.webp",
        save_all=True,
        append_images=others,
        duration=PAUSE,
        loop=0,
        quality=60,
        method=6,
    )


def _part(frame: Tensor, number: int) -> Tensor:
    left = 200 - STEP * number
    return frame[:, 60 : 60 + PART, left : left + PART]


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
