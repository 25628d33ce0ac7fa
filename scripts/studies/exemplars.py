"""What pictures of an exemplar's own pixels look like, and how long they take.

    python -m impasto.scripts.studies.exemplars sheets --exemplars a.jpg b.jpg --photo c.jpg --output sheets/
    python -m impasto.scripts.studies.exemplars seconds --exemplar a.jpg --photo c.jpg

The first renders the sheets of docs/textures.md, the second prints its table.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from impasto.model.evaluation.report import table
from impasto.model.exemplar import search
from impasto.model.exemplar.analogies import analogy
from impasto.model.exemplar.coherence import cohere
from impasto.model.exemplar.config import AnalogyConfig, CoherenceConfig, QuiltingConfig, SamplingConfig, TransferConfig
from impasto.model.exemplar.exemplar import Exemplar, assembled
from impasto.model.exemplar.quilting import quilt, transfer
from impasto.model.exemplar.sampling import sample
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.device import device_name
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.resize import center_crop

Cells = list[tuple[str, Tensor]]
"""Captions and pictures of a sheet."""
KAPPAS = 0, 1, 5, 25
QUILTED = QuiltingConfig(block=24)
SAMPLED = SamplingConfig(window=9)


@dataclass(frozen=True)
class Sheets:
    """Render a sheet for textures, one for transfer, and one for analogies."""

    exemplars: tuple[Path, ...]
    """What textures are like. The first is what the photo is made of, the last what an analogy is drawn from."""
    photo: Path
    output: Path
    """Folder for the sheets, a JPEG each."""
    size: int = 192
    """Pixels on a side of each picture; of the exemplars' parts, half as many."""

    def run(self) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        sheets = {"textures": (self._textures, 4), "transfer": (self._transfer, 5), "analogies": (self._analogies, 7)}
        for name, (render, columns) in sheets.items():
            contact_sheet(render(), columns=columns).save(self.output / f"{name}.jpg", quality=88)

    def _textures(self) -> Cells:
        cells: Cells = []
        for path in self.exemplars:
            exemplar, side = Exemplar(_part(path, self.size // 2)), self.size
            cells += [
                (path.stem, F.pad(exemplar.rgb, (0, self.size - self.size // 2) * 2, value=1.0)),
                ("quilting", _made(exemplar, quilt(exemplar, side, side, QUILTED))),
                ("sampling", _made(exemplar, sample(exemplar, side, side, SAMPLED))),
                ("coherence", _made(exemplar, cohere(exemplar, side, side))),
            ]
        return cells

    def _transfer(self) -> Cells:
        photo, cloth = _square(self.photo, self.size), Exemplar(_part(self.exemplars[0], self.size))
        config = TransferConfig(block=18)
        passes = [
            (f"passes: {count}", _made(cloth, transfer(cloth, photo, replace(config, passes=count))))
            for count in (1, 2, 3)
        ]
        return [("photo", photo), ("texture", cloth.rgb), *passes]

    def _analogies(self) -> Cells:
        """Of a painting and its blurred self, as the authors make them."""
        a_prime, b = _part(self.exemplars[-1], self.size), _square(self.photo, self.size)
        a = _blurred(a_prime)
        cells = [("A", a), ("A'", a_prime), ("B", b)]
        for kappa in KAPPAS:
            found = analogy(a, a_prime, b, AnalogyConfig(kappa))
            cells.append((f"kappa {kappa}", _made(Exemplar(a_prime), found)))
        return cells


@dataclass(frozen=True)
class Seconds:
    """Time each method, with kernels and without."""

    exemplar: Path
    photo: Path
    times: int = 3
    """Each is made so often; the median counts."""
    scale: float = 1.0
    """Of all sides, for a quick look."""
    plain: bool = False
    """Time what is done without a compiler too."""

    def run(self) -> None:
        keep_freed_memory()  # as commands do
        print(f"{device_name(torch.device('cpu'))}\n")
        kernels = search.library
        rows = []
        for name, work in self._works().items():
            took = [f"{_timed(work, self.times):.2f}"]
            if self.plain:
                search.library = lambda: None  # type: ignore[assignment]
                took.append(f"{_timed(work, 1):.2f}")
                search.library = kernels
            rows.append((name, *took))
            print(f"{name}: {', '.join(took)}", flush=True)
        print("\n" + table(("", "s", *["s without kernels"] * self.plain), rows))

    def _works(self) -> dict[str, Callable[[], Tensor]]:
        small, middle, large = (round(self.scale * side) for side in (128, 256, 512))
        exemplar, smaller = (Exemplar(_part(self.exemplar, side)) for side in (middle, small))
        photo, b = _square(self.photo, large), _square(self.photo, middle)
        a = _blurred(exemplar.rgb)
        return {
            f"quilting, {middle}² to {large}²": lambda: quilt(exemplar, large, large),
            f"transfer, {large}² of {middle}², three passes": lambda: transfer(exemplar, photo),
            f"sampling, {small}² to {middle}², window 11": lambda: sample(smaller, middle, middle),
            f"analogies, {middle}²": lambda: analogy(a, exemplar.rgb, b),
            f"coherence, {middle}² to {large}², three passes": lambda: cohere(
                exemplar, large, large, CoherenceConfig()
            ),
        }


def _part(path: Path, side: int) -> Tensor:
    """The middle of the middle of a picture: a third of its shorter side."""
    return _square(path, 3 * side)[:, side:-side, side:-side]


def _square(path: Path, side: int) -> Tensor:
    return center_crop(images.decode(path.read_bytes()).on_white().rgb, side)


def _blurred(rgb: Tensor) -> Tensor:
    return F.avg_pool2d(rgb[None], 5, stride=1, padding=2, count_include_pad=False)[0]


def _made(exemplar: Exemplar, coordinates: Tensor) -> Tensor:
    return assembled(exemplar.pixels, coordinates).permute(2, 0, 1)


def _timed(work: Callable[[], Tensor], times: int) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return median(took)


if __name__ == "__main__":
    tyro.cli(Sheets | Seconds, description=__doc__).run()
