"""One photo and one painting by the network and by each method of optimisation, with how long each took.

python -m impasto.scripts.studies.methods --paintings paintings/ --output runs/methods

makes six pairs, prints the table of docs/optimization.md and writes a sheet, methods.jpg. What is made is kept in the
folder, and not made again: ended at any time, the study goes on. How long a larger picture takes, by one method:

python -m impasto.scripts.studies.methods --paintings paintings/ --output runs/512 \\
    --styles van-gogh-starry-night --methods mrf --size 512
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import tyro
from torch import Tensor
from tqdm import tqdm

from impasto.model.evaluation.report import table
from impasto.model.fitting import content
from impasto.model.network import checkpoint
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.config import SHIPPED
from impasto.model.network.device import device_name
from impasto.model.optimization.config import FeaturePrecision, Method, Stop, TransferConfig
from impasto.model.optimization.style_transfer import StyleTransfer
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import center_crop, fit
from impasto.model.styles.paintings import paintings_of


@dataclass(frozen=True)
class Arguments:
    paintings: Path
    """Folder of the network's paintings."""
    output: Path
    """Folder for the pictures, their times (seconds.json) and the sheet."""
    photos: Path = content.SHIPPED
    """Folder of photos, one for each style, from the first again when there are fewer."""
    styles: tuple[str, ...] = (
        "van-gogh-starry-night",
        "hokusai-great-wave",
        "kandinsky-composition-vii",
        "klimt-the-kiss",
        "munch-the-scream",
        "piranesi-piazza-del-popolo",
    )
    methods: tuple[Method, ...] = ("gram", "mrf", "neighbors")
    size: int = 256
    """Pixels a side: the middle of each photo."""
    steps: int = 300
    """Of each optimisation, at its coarsest size."""
    precision: FeaturePrecision = "auto"
    """Of the features, as `impasto optimize` takes it."""
    shown: int = 176
    """Pixels a side of each picture on the sheet."""
    at_most: int | None = None
    """Pictures to make now; the table and the sheet are written when none is missing."""
    sheet: Path | None = None
    """The sheet. Default: methods.jpg in the output."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"


def main(arguments: Arguments) -> None:
    keep_freed_memory()
    size = arguments.size
    source = checkpoint.load(arguments.checkpoint)
    stylizer = Stylizer.of(source, device=arguments.device)
    arguments.output.mkdir(parents=True, exist_ok=True)
    kept = arguments.output / "seconds.json"
    seconds: dict[str, float] = json.loads(kept.read_text()) if kept.is_file() else {}
    ways = ("network", *arguments.methods)
    pairs = [*zip(cycle(images.files_in(arguments.photos)), arguments.styles, strict=False)]
    paintings = paintings_of(arguments.styles, arguments.paintings)
    missing = [(photo, style, way) for photo, style in pairs for way in ways if f"{style} {way}" not in seconds]
    for photo, style, way in tqdm(missing[: arguments.at_most], unit="picture", disable=None):
        square = center_crop(_read(photo), size)
        painting = paintings[style]
        if way == "network":
            picture, vector = Picture.from_rgb(square), source.styles.blend({style: 1.0})
            stylizer.stylize(picture, vector)  # the first is slower
            made, took = _timed(lambda: stylizer.stylize(picture, vector).rgb)  # noqa: B023
        else:
            stop = Stop(steps=arguments.steps)
            config = TransferConfig(method=way, precision=arguments.precision, stop=stop)  # type: ignore[arg-type]
            transfer = StyleTransfer(square, [painting], config, device=stylizer.device)
            made, took = _timed(lambda: transfer.picture(deque(transfer.run(), maxlen=1).pop()))  # noqa: B023
        (arguments.output / f"{style}-{way}.png").write_bytes(images.encode(Picture.from_rgb(made), "png"))
        seconds[f"{style} {way}"] = round(took, 3)
        kept.write_text(json.dumps(seconds, indent=1))
    if len(missing) > len(missing[: arguments.at_most]):
        return
    print(f"{device_name(stylizer.device)}, {size} × {size} pixels, {arguments.steps} steps at the coarsest size\n")
    rows = [(photo.stem, style, *(f"{seconds[f'{style} {way}']:.3g}" for way in ways)) for photo, style in pairs]
    print(table(("photo", "painting", *ways), rows))
    cells = []
    for photo, style in pairs:
        cells += [(photo.stem, center_crop(_read(photo), arguments.shown))]
        cells += [(style, center_crop(paintings[style], arguments.shown))]
        cells += [(way, fit(_read(arguments.output / f"{style}-{way}.png"), arguments.shown)) for way in ways]
    sheet = arguments.sheet or arguments.output / "methods.jpg"
    sheet.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(cells, columns=2 + len(ways)).save(sheet, quality=82)


def _read(path: Path) -> Tensor:
    return images.decode(path.read_bytes()).rgb


def _timed(make: Callable[[], Tensor]) -> tuple[Tensor, float]:
    began = time.perf_counter()
    return make(), time.perf_counter() - began


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
