"""How soon a fit is good: at which rate, on which photos. From which start, tells `prediction.py`.

python -m impasto.scripts.studies.fits --paintings paintings/ --photos photos/ --output runs/fits --vary photos

fits every painting of a folder in every variant, judges each pass on photos that are never fitted on, and writes
fits.jsonl, a line a fit: C + D and seconds, pass by pass. A painting whose file is named as a style of the network is
fitted with that style left out. docs/styles.md shows what came out.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import tyro
from torch import Tensor
from tqdm import tqdm

from impasto.model.fitting.config import FitConfig
from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import Fitter
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.pictures import images
from impasto.model.pictures.photos import Samples, load_rgb
from impasto.model.pictures.resize import center_crop
from impasto.model.styles.style import slug


@dataclass(frozen=True)
class Arguments:
    paintings: Path
    """Folder of paintings to fit."""
    photos: Path
    """Folder of photos, of which those that the network was not trained on judge, and 32 others are fitted on."""
    output: Path
    """Folder for fits.jsonl, to which it is appended."""
    vary: Literal["rate", "photos"]
    """What is varied."""
    passes: int = 5
    """Passes of each fit."""
    checkpoint: Path = SHIPPED
    """The network."""


@dataclass(frozen=True)
class Variant:
    """photos: shipped or folder."""

    learning_rate: float = FitConfig().learning_rate
    photos: str = "shipped"


VARIANTS = {
    "rate": [Variant(), Variant(learning_rate=0.03), Variant(learning_rate=0.3)],
    "photos": [Variant(), Variant(photos="folder")],
}
"""What is varied -> the variants; the first one of all is what fits use."""


def main(arguments: Arguments) -> None:
    source = checkpoint.load(arguments.checkpoint)
    held_out = source.training.held_out
    judges = torch.stack([center_crop(load_rgb(arguments.photos / name), 256) for name in held_out[::6]])
    photos = {"shipped": crops(), "folder": own_photos(arguments.photos, set(held_out))}
    arguments.output.mkdir(parents=True, exist_ok=True)
    work = [(path, variant) for path in images.files_in(arguments.paintings) for variant in VARIANTS[arguments.vary]]
    for path, variant in tqdm(work, unit="fit", disable=None):
        config = FitConfig(passes=arguments.passes, learning_rate=variant.learning_rate, settled=-1)
        own = replace(source, styles=source.styles.without(slug(path.stem)))
        begun = time.perf_counter()
        fitter = Fitter(own, load_rgb(path), photos[variant.photos], config=config)
        state = fitter.begin()
        seconds = time.perf_counter() - begun
        curve = [(seconds, fitter.measure(state.vector, judges))]
        while not state.finished:
            begun = time.perf_counter()
            state = fitter.advance(state)
            seconds += time.perf_counter() - begun
            curve.append((seconds, fitter.measure(state.vector, judges)))
        with (arguments.output / "fits.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"painting": path.stem, **vars(variant), "curve": curve}) + "\n")


def own_photos(folder: Path, held_out: set[str]) -> Tensor:
    """Crops (32, 3, 128, 128) of photos of a folder, evenly spread, that are not held out."""
    rest = [path for path in images.files_in(folder) if path.name not in held_out]
    samples = Samples(rest[:: max(1, len(rest) // 32)], styles=1, crop=128, seed=0)
    return torch.stack([samples[n][0] for n in range(32)])


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
