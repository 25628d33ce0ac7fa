"""How near the small network comes to the large one: losses of every style, in one pass and coarse to fine, and blends.

    python -m impasto.scripts.studies.student --styles paintings/ --content photos/ --sheet sheet.jpg

Prints tables for docs/training.md. C and D as `impasto evaluate` has them, on photos kept out of training. On the sheet
stands a photo in every style, by the large network and by the small one in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor

from impasto.app.painting.previews import read_photo
from impasto.model.evaluation.evaluate import Evaluation, Paint
from impasto.model.evaluation.evaluate import evaluate as measure
from impasto.model.evaluation.report import table
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.perception.objective import Objective
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import center_crop, fit
from impasto.model.styles.paintings import paintings_of
from impasto.scripts.loading import load

LADDER = 1024
"""Pixels on the longer side at which pictures are painted coarse to fine: in two levels."""
BLENDS = 40
SHOWN = 232
"""Pixels on the longer side of each picture of the sheet."""


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings."""
    content: Path
    """Folder of the photos; those kept out of training are used."""
    photos: int = 8
    """How many of them."""
    size: int = 256
    """Side of their centre crops in pixels."""
    sheet: Path | None = None
    """Picture to write. Default: none."""
    checkpoint: Path = SHIPPED
    """The large network, with the small one beside it."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    source, stylizer = load(arguments.checkpoint, device=arguments.device)
    networks = {"large": source, "small": source.of("small")}
    held_out = set(source.training.held_out) & set(networks["small"].training.held_out)
    files = [file for file in images.files_in(arguments.content) if file.name in held_out][: arguments.photos]
    photos = [center_crop(load_rgb(file), arguments.size) for file in files]
    known = paintings_of(source.styles.ids, arguments.styles)
    objective = Objective.of_styles(source.training.objective, known).to(stylizer.device)

    def vector(network: Checkpoint, row: int) -> Tensor:
        return network.styles.blend({source.styles.ids[row]: 1.0})

    def one_pass(network: Checkpoint) -> Paint:
        return lambda photo, row: stylizer.paint(photo[None], vector(network, row)[None])[0]

    def ladder(network: Checkpoint) -> Paint:
        def paint(photo: Tensor, row: int) -> Tensor:
            large = stylizer.stylize(Picture.from_rgb(fit(photo, LADDER)), vector(network, row)).rgb
            return fit(large, arguments.size)

        return paint

    for name, paint, some in (("In one pass", one_pass, photos), (f"At {LADDER} pixels", ladder, photos[:2])):
        found = {each: measure(paint(networks[each]), source.styles.ids, objective, some) for each in networks}
        print(f"{name}, {len(some)} photos.\n\n{compared(found['large'], found['small'])}\n")
    ids, random = source.styles.ids, torch.Generator().manual_seed(0)
    errors = []
    for n in range(BLENDS):
        one, other = torch.randperm(len(ids), generator=random)[:2].tolist()
        shares = {ids[one]: 0.5, ids[other]: 0.5}
        pictures = [
            stylizer.paint(photos[n % len(photos)][None], each.styles.blend(shares)[None]) for each in networks.values()
        ]
        errors.append(float((pictures[0] - pictures[1]).abs().mean()))
    print(f"{BLENDS} blends of two styles: pixels differ by {255 * sum(errors) / BLENDS:.1f} of 255 on average.")
    if arguments.sheet:
        picture = read_photo()
        cells = [
            (f"{style_id}, {name}", fit(stylizer.stylize(picture, vector(network, row)).rgb, SHOWN))
            for row, style_id in enumerate(source.styles.ids)
            for name, network in networks.items()
        ]
        contact_sheet(cells, columns=8).save(arguments.sheet, quality=78)


def compared(large: Evaluation, small: Evaluation) -> str:
    """C, D and their sums of every style, and on average."""
    rows = []
    for number, style_id in enumerate([*large.styles, "mean"]):
        rows_of = slice(None) if style_id == "mean" else slice(number, number + 1)
        content = [float(each.content_error[rows_of].mean()) for each in (large, small)]
        distance = [float(each.distance[rows_of].mean()) for each in (large, small)]
        ratio = (content[1] + distance[1]) / (content[0] + distance[0])
        rows.append((style_id, *(f"{value:.2f}" for value in (*content, *distance)), f"{ratio:.2f}"))
    own = float(small.own.mean())
    header = ("style", "C, large", "C, small", "D, large", "D, small", "(C + D) : (C + D)")
    return f"{table(header, rows)}\n\nThe own painting is the nearest to {own:.0%} of the small network's pictures."


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
