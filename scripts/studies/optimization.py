"""What the choices of an optimisation do, how long it takes, and what it takes to equal the network's picture.

python -m impasto.scripts.studies.optimization choices --photo a.jpg --painting b.jpg --output docs/images/optimization
python -m impasto.scripts.studies.optimization speed --photo a.jpg --painting b.jpg
python -m impasto.scripts.studies.optimization equal --photos photos/ --paintings paintings/

The first renders the sheets of docs/optimization.md, one for each choice; the others print its tables.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import torch
import tyro
from torch import Tensor
from tqdm import tqdm

from impasto.model.evaluation.report import table
from impasto.model.network import checkpoint
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.config import SHIPPED
from impasto.model.network.device import device_name, find_device, trains_in_bfloat16
from impasto.model.optimization.config import Stop, TransferConfig
from impasto.model.optimization.descent import HISTORY, DescentStep, descend
from impasto.model.optimization.schedule import noise
from impasto.model.optimization.style_transfer import StyleTransfer
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception.objective import Objective
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.resize import center_crop, fit, resize
from impasto.model.styles.paintings import paintings_of

T = TypeVar("T")
BASE = TransferConfig(stop=Stop(steps=100))
LAYERS = BASE.layers
CHOICES: dict[str, dict[str, TransferConfig]] = {
    "weight": {f"beta {beta:g}": replace(BASE, style_weight=beta) for beta in (1, 3, 10, 30, 100)},
    "content-layer": {
        layer: replace(BASE, content_layers=(layer,)) for layer in ("relu2_2", "relu3_3", "relu4_2", "relu5_1")
    },
    "style-layers": {f"up to {LAYERS[n]}": replace(BASE, style_layers=LAYERS[: n + 1]) for n in range(5)},
    "start": {
        "photo": BASE,
        "painting": replace(BASE, start="painting"),
        "noise": replace(BASE, start="noise"),
        "noise, other seed": replace(BASE, start="noise", seed=1),
    },
    "pooling": {"average": BASE, "max": replace(BASE, pooling="max")},
    "variation": {
        "none": replace(BASE, variation_weight=0),
        "exponent 0.5": replace(BASE, variation_weight=3, variation_exponent=0.5),
        "exponent 1": replace(BASE, variation_weight=30, variation_exponent=1),
        "exponent 1.25": replace(BASE, variation_weight=100, variation_exponent=1.25),
    },
    "optimizer": {
        f"{optimizer}, {steps} steps": replace(BASE, optimizer=optimizer, stop=Stop(steps=steps))
        for optimizer in ("lbfgs", "adam")
        for steps in (30, 100)
    },
    "scale": {f"painting {scale:g} times": replace(BASE, style_scale=scale) for scale in (0.5, 1, 2)},
}
"""Name of a sheet -> caption of a picture -> what it is made with."""


@dataclass(frozen=True)
class Choices:
    """Render a sheet for each choice."""

    photo: Path
    painting: Path
    output: Path
    """Folder for the sheets, a JPEG each."""
    size: int = 224
    """Longest side of each picture in pixels."""
    only: tuple[str, ...] = ()
    """Names of sheets. Default: all."""
    device: str = "auto"

    def run(self) -> None:
        device = find_device(self.device)
        if unknown := set(self.only) - set(CHOICES):
            raise SystemExit(f"there is no sheet {', '.join(unknown)}; there are {', '.join(CHOICES)}")
        photo, painting = (images.decode(path.read_bytes()).rgb for path in (self.photo, self.painting))
        photo = fit(photo, self.size)
        height, width = photo.shape[1:]
        self.output.mkdir(parents=True, exist_ok=True)
        for name in tqdm(self.only or CHOICES, unit="sheet"):
            cells = [("photo", photo), ("painting", center_crop(painting, width, height))]
            for caption, config in CHOICES[name].items():
                transfer = StyleTransfer(photo, [painting], config, device=device)
                cells.append((caption, transfer.picture(_last(transfer.run()))))
            contact_sheet(cells, columns=len(cells)).save(self.output / f"{name}.jpg", quality=88)


@dataclass(frozen=True)
class Speed:
    """Time pictures as they are made, beside float32, and 500 iterations beside the network."""

    photo: Path
    painting: Path
    size: int = 512
    """Pixels a side: the middle of the photo."""
    steps: int = 300
    ratio_sizes: tuple[int, ...] = (256, 512, 1024)
    """Sides of the squares for the ratio to the network."""
    device: str = "auto"

    def run(self) -> None:
        print(
            f"{device_name(find_device(self.device))}, {self.size} × {self.size} pixels, {self.steps} steps of L-BFGS\n"
        )
        rows = []
        for precision in ("float32", "auto"):
            seconds, memory, loss = _apart(_measure, self, precision)
            rows.append((precision, f"{seconds:.1f}", f"{memory / 1e9:.2f} GB", f"{loss:.4f}"))
        print(table(("", "seconds", "peak memory", "final loss, in float32"), rows), flush=True)
        rows = []
        for side in self.ratio_sizes:
            network, iterations = _apart(_compare, self, side)
            ratio = f"{iterations / network:.0f}"
            rows.append((f"{side}²", f"{network * 1000:.0f} ms", f"{iterations:.1f} s", ratio))
        print("\n" + table(("", "network", "500 iterations", "ratio"), rows))


@dataclass(frozen=True)
class Equal:
    """Count the iterations that come to the loss of the network's picture, in what it was trained to minimise."""

    photos: Path
    """Folder of photos; the first six are taken."""
    paintings: Path
    """Folder of the network's paintings."""
    styles: tuple[str, ...] = (
        "van-gogh-starry-night",
        "hokusai-great-wave",
        "kandinsky-composition-vii",
        "klimt-the-kiss",
        "munch-the-scream",
        "piranesi-piazza-del-popolo",
    )
    size: int = 256
    """Pixels a side."""
    most: int = 300
    """Iterations at the most."""
    checkpoint: Path = SHIPPED
    device: str = "auto"

    def run(self) -> None:
        source = checkpoint.load(self.checkpoint)
        stylizer = Stylizer(source.network, device=self.device)
        config = source.training.objective
        rows = []
        pairs = [*zip(images.files_in(self.photos), self.styles, strict=False)]
        paintings = paintings_of([style for _, style in pairs], self.paintings)
        for path, style in tqdm(pairs, unit="pair", disable=None):
            painting = resize(paintings[style], config.size_of(style))
            photo = center_crop(images.decode(path.read_bytes()).rgb, self.size)[None].to(stylizer.device)
            objective = Objective(config, [painting]).to(stylizer.device).to(memory_format=torch.channels_last)
            if trains_in_bfloat16(stylizer.device):
                objective.loss_network.features.to(torch.bfloat16)
            target, row = objective.content(photo), torch.zeros(1, dtype=torch.long, device=stylizer.device)
            strength = torch.tensor([source.training.strengths.get(style, 1.0)], device=stylizer.device)

            def losses(image: Tensor) -> dict[str, Tensor]:
                return {"total": objective.losses(image, target, row, strength).total.sum()}  # noqa: B023

            painted = stylizer.paint(photo.cpu(), source.styles.blend({style: 1.0})[None])
            reached = float(losses(painted.to(stylizer.device))["total"])
            counts = []
            for start in (photo, noise((self.size, self.size), 0).to(stylizer.device)):
                totals = [progress.total for progress in descend(losses, start, stop=Stop(steps=self.most))]
                counts.append(next((f"{n}" for n, total in enumerate(totals, 1) if total <= reached), f"> {self.most}"))
            rows.append((path.stem, style, f"{reached:,.0f}", *counts, f"{min(totals):,.0f}"))
        header = ("photo", "style", "the network's loss", "equalled from the photo", "from noise", f"{self.most} steps")
        print(table(header, rows))


def _measure(speed: Speed, precision: str) -> tuple[float, float, float]:
    """Seconds, bytes at the peak beyond what was there, and the loss of the picture as seen in float32."""
    keep_freed_memory()
    photo = center_crop(images.decode(speed.photo.read_bytes()).rgb, speed.size)
    painting = images.decode(speed.painting.read_bytes()).rgb
    device = find_device(speed.device)

    def transfer(precision: str) -> StyleTransfer:
        config = TransferConfig(sizes=1, precision=precision, stop=Stop(steps=speed.steps))  # type: ignore[arg-type]
        return StyleTransfer(photo, [painting], config, device=device)

    made, before = transfer(precision), _peak(device)
    began = time.perf_counter()
    last = _last(made.run())
    seconds, memory = time.perf_counter() - began, _peak(device) - before
    with torch.no_grad():
        parts = transfer("float32").objective((photo.shape[1], photo.shape[2]))(last.picture[None].to(device))
    return seconds, memory, float(sum(parts.values()))


def _compare(speed: Speed, side: int) -> tuple[float, float]:
    """Seconds of the network for a square, and of 500 iterations, from a hundred of them after the first ones."""
    keep_freed_memory()
    photo = center_crop(images.decode(speed.photo.read_bytes()).rgb, side)
    painting = images.decode(speed.painting.read_bytes()).rgb
    source = checkpoint.load()
    stylizer = Stylizer(source.network, device=speed.device)
    vector = source.styles.vectors[:1]
    times = []
    for _ in range(8):
        began = time.perf_counter()
        stylizer.paint(photo[None], vector)
        times.append(time.perf_counter() - began)
    config = TransferConfig(sizes=1, stop=Stop(steps=500))
    run = StyleTransfer(photo, [painting], config, device=stylizer.device).run()
    for _ in islice(run, HISTORY):
        pass
    began = time.perf_counter()
    count = len(list(islice(run, 100)))
    return sorted(times)[len(times) // 2], (time.perf_counter() - began) / count * 500


def _last(run: Iterator[DescentStep]) -> DescentStep:
    """The last step, without keeping the images of all."""
    return deque(run, maxlen=1).pop()


def _peak(device: torch.device) -> float:
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _apart(function: Callable[..., T], *arguments: object) -> T:
    """What a function returns in a process of its own, whose memory and compiled code are its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


if __name__ == "__main__":
    tyro.cli(Choices | Speed | Equal, description=__doc__).run()
