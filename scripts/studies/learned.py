"""A figure and a table for docs/styles.md: pictures that the network does not know, and a cat in the style of each.

    python -m impasto.scripts.studies.learned --paintings paintings/ --output learned.jpg

Two pictures a row: itself, its style told at a glance, and fitted for a single pass. Prints the losses and grades.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro
from tqdm import tqdm

from impasto.app.painting.previews import read_photo
from impasto.model.evaluation.report import table
from impasto.model.fitting.config import PASSES, FitConfig
from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import Fitter, Start
from impasto.model.fitting.verdict import judge, trained_artefacts
from impasto.model.network import checkpoint
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.config import SHIPPED
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.resize import center_crop
from impasto.model.prediction import file
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles.fit_record import Effort
from impasto.model.styles.paintings import load_paintings

WAYS: dict[Effort, str] = {"none": "at a glance", "quick": "a pass"}


@dataclass(frozen=True)
class Arguments:
    paintings: Path
    """Folder of pictures."""
    output: Path
    """The figure to write."""
    count: int = 4
    """How many pictures, the first ones."""
    checkpoint: Path = SHIPPED
    """The network, with its predictor beside it."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    keep_freed_memory()
    source = checkpoint.load(arguments.checkpoint)
    trained = file.load(file.predictor_file(arguments.checkpoint), source)
    predictor = StylePredictor(trained, device=arguments.device)
    photo, unseen = read_photo(), crops(count=4, side=256, seed=1)
    cells, rows = [], []
    trained_ones: dict[str, float] | None = None
    for painting in tqdm(load_paintings(arguments.paintings)[: arguments.count], unit="painting", disable=None):
        title, losses = painting.style.title, []
        cells.append((title, center_crop(painting.rgb, *photo.size)))
        start = Start.predicted(predictor.predict(painting.rgb), source.styles)
        for effort, way in WAYS.items():
            config = FitConfig(passes=PASSES[effort])
            fitter = Fitter(source, painting.rgb, crops(), config=config, device=arguments.device)
            state = fitter.begin(start)
            while not state.finished:
                state = fitter.advance(state)
            painted = photo.with_rgb(fitter.paint(state.vector, photo.rgb[None])[0])
            cells.append((way, painted.rgb))
            trained_ones = trained_ones or trained_artefacts(fitter)
            verdict = judge(fitter, state.vector, unseen, trained_ones)
            losses.append(f"{verdict.losses['style_distance']:.2f}, {verdict.losses['content_error']:.2f}")
        rows.append((title, *losses, verdict.grade))
    contact_sheet(cells, columns=2 * (1 + len(WAYS))).save(arguments.output, quality=88)
    print(table(("", *(f"{way}: D, C" for way in WAYS.values()), "grade"), rows))


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
