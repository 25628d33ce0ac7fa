"""How the numbers of `StrokeConfig` were found, and what they are worth: the tables of docs/strokes.md.

    python -m impasto.scripts.studies.strokes --styles paintings/ --content photos/ --large large/

D and C are those of `impasto evaluate`, of pictures made as large as the canonical size again, so that what is compared
is what is seen of a whole picture. How far apart strokes are is measured in the large photos, since enlarged ones have
nothing fine that could be painted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from typing import Literal, get_args

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor
from tqdm import tqdm

from impasto.model.evaluation.evaluate import Evaluation, Paint, evaluate
from impasto.model.evaluation.report import scale_table, table
from impasto.model.evaluation.scale import painted_larger, stroke_period
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED, Precision, StrokeConfig
from impasto.model.painting.stroke import NATIVE, Stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception.objective import Objective
from impasto.model.pictures import images
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import center_crop, fit
from impasto.model.styles.paintings import paintings_of

Part = Literal["sizes", "ways", "strokes"]

WAYS: dict[str, StrokeConfig] = {
    "as shipped": StrokeConfig(),
    "nothing again": StrokeConfig(again=0.0),
    "all of it again": StrokeConfig(again=1.0),
    "all seen": StrokeConfig(seen=1.0, again=0.0),
    "all of the fine strokes": StrokeConfig(fine=1.0),
    "enlarged, not painted again": StrokeConfig(finest=512),
}
MIXED = (0.3, 0.6)
"""Strengths at which levels are mixed, in pixels, the trial that all this began with, or in style vectors."""
IDENTITY_STEPS, IDENTITY_SIDE, IDENTITY_RATE = 400, 256, 0.03
WAYS_SIDE, WAYS_STYLES = 1024, 8
LARGEST_PASS = 1024
"""Longer side in pixels up to which one pass is measured too: everyone knows by then what it does."""
SCALE_SIDES: tuple[int, ...] = (512, 1024, 2048, 4096)
STROKES: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
STROKES_SIDE = 2048
"""Longer side in pixels at which all of them are measured: the finest can be seen there."""
LARGE = 3
"""Photos in which strokes are measured."""


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings that the network was trained on."""
    content: Path
    """Folder of photos, of which those are taken that the checkpoint says were kept out of its training."""
    large: Path
    """Folder of photos of 4096 pixels and more."""
    only: tuple[Part, ...] = get_args(Part)
    """What is measured."""
    photos: int = 10
    """Photos in every style."""
    sides: tuple[int, ...] = (1024, 2048)
    """Longer sides in pixels at which they are painted."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """auto, float32, bfloat16 or float16."""


def main(arguments: Arguments) -> None:
    study = Study(arguments)
    parts: dict[Part, Callable[[], str]] = {"sizes": study.sizes, "ways": study.ways, "strokes": study.strokes}
    for part in arguments.only:
        print(f"{parts[part]()}\n", flush=True)


class Study:
    """The network, the paintings and the photos; each method is a table."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self.source = checkpoint.load(arguments.checkpoint)
        self.stylizer = self.stylizer_of(self.source.strokes)
        self.side = self.stylizer.strokes.canonical
        self.paintings = paintings_of(self.source.styles.ids, arguments.styles)
        kept_out = set(self.source.training.held_out)
        files = [file for file in images.files_in(arguments.content) if file.name in kept_out][: arguments.photos]
        self.photos = [center_crop(load_rgb(file), self.side) for file in files]
        self.large = images.files_in(arguments.large)[:LARGE]

    def stylizer_of(self, strokes: StrokeConfig) -> Stylizer:
        arguments = self.arguments
        return Stylizer(self.source.network, strokes=strokes, device=arguments.device, precision=arguments.precision)

    def sizes(self) -> str:
        """All styles, at several sizes, in one pass and at a stroke of 1."""
        rows = [*range(len(self.paintings))]
        ways: dict[str, Paint] = {f"{self.side}": self.larger(self.stylizer, self.side)}
        for side in self.arguments.sides:
            if side <= LARGEST_PASS:
                ways[f"{side}, one pass"] = self.larger(self.stylizer, side, NATIVE)
            ways[f"{side}, stroke 1"] = self.larger(self.stylizer, side)
        return self.compared(ways, rows, self.photos)

    def ways(self) -> str:
        """A few styles, painted in other ways."""
        rows = [*range(0, len(self.paintings), -(-len(self.paintings) // WAYS_STYLES))]
        ways: dict[str, Paint] = {
            f"{self.side}": self.larger(self.stylizer, self.side),
            "one pass": self.larger(self.stylizer, WAYS_SIDE, NATIVE),
        }
        ways |= {f"mixed in pixels, {strength:g}": self.mixed(strength) for strength in MIXED}
        identity, error = self.identity()
        ways |= {f"mixed in style vectors, {strength:g}": self.mixed(strength, identity) for strength in MIXED}
        ways |= {name: self.larger(self.stylizer_of(config), WAYS_SIDE) for name, config in WAYS.items()}
        table = self.compared(ways, rows, self.photos[:4])
        return f"{table}\n\nPhotos painted in the style nearest to them: {error:.1f} dB."

    def strokes(self) -> str:
        """How far apart strokes are, relative to the picture, at several sizes and strokes, in a few styles."""
        vectors = self.source.styles.vectors[:: -(-len(self.paintings) // WAYS_STYLES)]
        photos = [fit(load_rgb(file), SCALE_SIDES[-1]) for file in self.large]

        def period(side: int, stroke: Stroke) -> str:
            return f"{stroke_period(self.stylizer, vectors, photos, side=side, stroke=stroke):.2%}"

        by_side = [
            (str(side), period(side, NATIVE) if side <= LARGEST_PASS else "", period(side, 1.0)) for side in SCALE_SIDES
        ]
        by_stroke = [(f"{stroke:g}", period(STROKES_SIDE, stroke)) for stroke in STROKES]
        return "\n\n".join(
            (table(("pixels", "one pass", "stroke 1"), by_side), table(("stroke", f"at {STROKES_SIDE}"), by_stroke))
        )

    def larger(self, stylizer: Stylizer, side: int, stroke: Stroke = 1.0) -> Paint:
        return painted_larger(stylizer, self.source.styles.vectors, side, stroke)

    def identity(self) -> tuple[Tensor, float]:
        """The style vector (E,) that changes photos least, and how little, in decibels."""
        kept_out = set(self.source.training.held_out)
        files = [file for file in images.files_in(self.arguments.content) if file.name not in kept_out]
        network = self.source.network.to(self.stylizer.device)
        vector = self.source.styles.vectors.mean(0).to(self.stylizer.device).requires_grad_()
        adam, errors = torch.optim.Adam([vector], lr=IDENTITY_RATE), []
        half = self.stylizer.precision == "bfloat16"
        for file in tqdm(list(islice(cycle(files), IDENTITY_STEPS)), desc="identity", disable=None):
            photo = center_crop(load_rgb(file), IDENTITY_SIDE)[None].to(vector.device)
            with torch.autocast(vector.device.type, torch.bfloat16, enabled=half):
                painted = network(photo, vector[None])
            error = F.mse_loss(painted.float(), photo)
            (vector.grad,) = torch.autograd.grad(error, vector)
            adam.step()
            errors.append(error.item())
        return vector.detach().cpu(), -10 * math.log10(fmean(errors[-IDENTITY_STEPS // 4 :]))

    def mixed(self, strength: float, identity: Tensor | None = None) -> Paint:
        """Two levels, the second painted with a part of the style: its pixels, or its vector, are a mixture."""

        def paint(photo: Tensor, row: int) -> Tensor:
            vector = self.source.styles.vectors[row][None]
            large, size = fit(photo, WAYS_SIDE)[None], (WAYS_SIDE, WAYS_SIDE)
            small = resample(large, (photo.shape[1], photo.shape[2])).clamp(0, 1)
            coarse = resample(self.stylizer.paint(small, vector), size)
            given = (coarse + large - resample(small, size)).clamp(0, 1)
            if identity is None:
                painted = given.lerp(self.stylizer.paint(given, vector), strength)
            else:
                painted = self.stylizer.paint(given, identity.lerp(vector, strength))
            return fit(painted[0], max(photo.shape[1:]))

        return paint

    def compared(self, ways: Mapping[str, Paint], rows: Sequence[int], photos: Sequence[Tensor]) -> str:
        """D and C of each way, against those of the first."""
        ids = self.source.styles.ids
        paintings = {ids[row]: self.paintings[ids[row]] for row in rows}
        objective = Objective.of_styles(self.source.training.objective, paintings).to(self.stylizer.device)
        found: dict[str, Evaluation] = {}
        for name, paint in ways.items():

            def of_row(photo: Tensor, position: int, paint: Paint = paint) -> Tensor:
                return paint(photo, rows[position])

            styles = [ids[row] for row in rows]
            progress = tqdm(range(len(photos)), desc=name, disable=None)
            half = self.stylizer.precision == "bfloat16"
            with torch.autocast(self.stylizer.device.type, torch.bfloat16, enabled=half):
                found[name] = evaluate(of_row, styles, objective, photos, progress=progress)
        return f"{len(rows)} styles, {len(photos)} photos.\n\n{scale_table(found)}"


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
