#!/usr/bin/env python3
"""Measure a network on photos it was not trained on, and print a table.

    scripts/evaluate.py --styles paintings/ --content photos/

D is the distance of a picture from the painting, Σ over the style layers of
‖G(y) − G(s)‖² / ‖G(s)‖²; C the relative content error, ‖F(y) − F(x)‖² / ‖F(x)‖² at relu3_3.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from torch import Tensor
from tqdm import trange

from model import images
from model.checkpoint import SHIPPED
from model.stylizer import Stylizer
from model.training import data
from model.training.evaluate import Evaluation, evaluate
from model.training.objective import Objective, ObjectiveConfig


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings that the network was trained on."""
    content: Path
    """Folder of photos, of which those are taken that the checkpoint says were kept out of its training."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    size: int = 256
    """Side in pixels of the centre crops of the photos."""
    all_photos: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Take every photo in the folder, for a folder that no training has seen."""
    photos: int = 24
    """Photos at the most."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    try:
        print(run(arguments).table())
    except (ValueError, LookupError, OSError, RuntimeError) as error:
        sys.exit(f"evaluate: {error}")


def run(arguments: Arguments) -> Evaluation:
    """Evaluate as asked. Raises ValueError, OSError, RuntimeError for what cannot work."""
    stylizer = Stylizer.load(arguments.checkpoint, device=arguments.device)
    config = ObjectiveConfig(painting_size=stylizer.painting_size or ObjectiveConfig.painting_size)
    objective = Objective(config, load_paintings(stylizer, arguments.styles, config.painting_size))
    kept_out = set(stylizer.training.get("held_out", []))
    files = [f for f in images.files_in(arguments.content) if arguments.all_photos or f.name in kept_out]
    if not files:
        raise ValueError(f"{arguments.content} has none of the photos kept out of training; try --all-photos")
    files = files[: arguments.photos]
    print(f"Photos: {len(files)}, centre crops of {arguments.size} × {arguments.size} pixels\n")
    photos = [data.center_crop(data.load_rgb(file), arguments.size) for file in files]
    return evaluate(stylizer, objective, photos, progress=trange(len(photos), unit="photo", disable=None))


def load_paintings(stylizer: Stylizer, folder: Path, size: int) -> list[Tensor]:
    """The paintings of the stylizer's styles, in their order. Raises ValueError when one is not there."""
    there = {painting.style.id: painting.rgb for painting in data.load_paintings(folder)}
    missing = [style_id for style_id in stylizer.styles.ids if style_id not in there]
    if missing:
        raise ValueError(f"{folder} has no painting for {', '.join(missing)}")
    return [data.resize(there[style_id], size) for style_id in stylizer.styles.ids]


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
