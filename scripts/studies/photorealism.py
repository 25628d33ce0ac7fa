"""How much of another picture's colours a photo takes over, and how much of its own structure it keeps.

    python -m impasto.scripts.studies.photorealism references one.jpg its-reference.jpg two.jpg its-reference.jpg
    python -m impasto.scripts.studies.photorealism styles one.jpg two.jpg
    python -m impasto.scripts.studies.photorealism seconds one.jpg its-reference.jpg

Each prints a table of docs/photorealistic.md: photos like references, beside the straight map of colours alone;
photos in styles, beside their paintings; how long it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.evaluation.report import table
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.config import SHIPPED
from impasto.model.painting.likeness import Reference, match
from impasto.model.painting.regions import Look
from impasto.model.photorealism.grading import transported
from impasto.model.photorealism.palette import Palette, Sample
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.oklab import from_oklab, to_oklab
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import center_crop, fit
from impasto.scripts.loading import load

LARGE = 4000, 3000
"""Width and height of the photo whose seconds are counted."""
TIMES = 5
EDGES = 512
"""Pixels on the longer side of pictures whose edges are compared: in more, two of 256 values have one between them."""
COLORS = 256
"""Pixels on a side of pictures, however they are shaped, whose colours are compared."""
DIRECTIONS = 64
CELL = 320, 230
"""Width and height of a picture on a sheet."""


@dataclass(frozen=True)
class References:
    """Photos like other pictures: structure kept and colours taken over, by the straight map of colours alone and by
    all that is done."""

    pairs: tyro.conf.Positional[tuple[Path, ...]]
    """A photo, its reference, the next photo, its reference, …"""
    size: int = 1024
    """Longest side of the pictures that are compared, in pixels."""
    sheet: Path | None = None
    """Picture to write: photo, reference, the straight map alone, result. Default: none."""

    def run(self) -> None:
        if not self.pairs or len(self.pairs) % 2:
            raise InvalidValue("name a photo and its reference, or several such pairs")
        rows, found, cells = [], [], []
        for photo_file, reference_file in zip(self.pairs[::2], self.pairs[1::2], strict=True):
            photo = images.decode(photo_file.read_bytes(), at_most=self.size).on_white()
            reference = images.decode(reference_file.read_bytes()).on_white()
            palette = Reference.read(reference_file.read_bytes()).palette
            results = [straight(photo, palette), match(photo, Look(palette)).rgb]
            whole = color_distance(photo.rgb, reference.rgb)
            kept = [edge_likeness(photo.rgb, rgb) for rgb in results]
            left = [color_distance(rgb, reference.rgb) / whole for rgb in results]
            found.append((*kept, *left))
            rows.append((f"{photo_file.stem}, {reference_file.stem}", *_cells(found[-1])))
            captions = (
                photo_file.stem,
                reference_file.stem,
                f"straight: {kept[0]:.3f}, {left[0]:.0%}",
                f"{kept[1]:.3f}, {left[1]:.0%}",
            )
            cells += [
                (text, center_crop(rgb, *CELL))
                for text, rgb in zip(captions, (photo.rgb, reference.rgb, *results), strict=True)
            ]
        rows.append(("mean", *_cells([fmean(column) for column in zip(*found, strict=True)])))
        if self.sheet:
            contact_sheet(cells, columns=4).save(self.sheet, quality=80)
        head = "photo, reference", "edges, straight map", "edges", "colours left, straight map", "colours left"
        print(table(head, rows))


def _cells(values: tuple[float, ...] | list[float]) -> list[str]:
    kept, left = values[:2], values[2:]
    return [f"{value:.3f}" for value in kept] + [f"{value:.0%}" for value in left]


def straight(photo: Picture, palette: Tensor) -> Tensor:
    """The photo (3, H, W) with mean and covariance of a palette, each pixel by itself."""
    sample = Sample.of(photo)
    own = Palette.of(sample.lab, sample.opaque)
    return Picture.from_rgb(from_oklab(transported(to_oklab(photo.rgb), own, Palette.from_numbers(palette)))).rgb


@dataclass(frozen=True)
class Styles:
    """Photos in styles: structure kept by the painting, and by what is carried from it to the photo."""

    photos: tyro.conf.Positional[tuple[Path, ...]]
    styles: tuple[str, ...] = ("van-gogh-starry-night", "munch-the-scream", "klimt-the-kiss", "hokusai-great-wave")
    """Styles in which they are painted."""
    size: int = 1024
    """Longest side of the pictures that are compared, in pixels."""
    sheet: Path | None = None
    """Picture to write: photos, and what they are in each style. Default: none."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""

    def run(self) -> None:
        if not self.photos:
            raise InvalidValue("name a photo, or several")
        source, stylizer = load(self.checkpoint, device=self.device)
        photos = [images.decode(file.read_bytes(), at_most=self.size).on_white() for file in self.photos]
        rows, cells = [], [("photo", center_crop(photo.rgb, *CELL)) for photo in photos]
        for style in self.styles:
            vector, found = source.styles.blend({style: 1.0}), []
            for photo in photos:
                painted, carried = (stylizer.stylize(photo, vector, photorealistic=each).rgb for each in (False, True))
                whole = color_distance(photo.rgb, painted)
                kept = [edge_likeness(photo.rgb, rgb) for rgb in (painted, carried)]
                found.append((*kept, color_distance(carried, painted) / whole))
                cells.append((f"{style}: {kept[1]:.3f}", center_crop(carried, *CELL)))
            painting, kept_edges, left = (fmean(column) for column in zip(*found, strict=True))
            rows.append((style, f"{painting:.3f}", f"{kept_edges:.3f}", f"{left:.0%}"))
        if self.sheet:
            contact_sheet(cells, columns=len(photos)).save(self.sheet, quality=80)
        print(table(("style", "edges, painting", "edges, photorealistic", "colours left"), rows))


@dataclass(frozen=True)
class Seconds:
    """How long a photo of 12 megapixels takes, made of one, like a reference: the median of some times."""

    photo: tyro.conf.Positional[Path]
    reference: tyro.conf.Positional[Path]

    def run(self) -> None:
        width, height = LARGE
        photo = Picture.from_rgb(center_crop(images.decode(self.photo.read_bytes()).on_white().rgb, width, height))
        file, reference = images.encode(photo, "jpeg"), self.reference.read_bytes()
        palette = Reference.read(reference).palette

        def whole() -> bytes:
            return images.encode(match(images.decode(file), Look(Reference.read(reference).palette)), "jpeg")

        works: dict[str, Callable[[], object]] = {
            "matched": lambda: match(photo, Look(palette)),
            "reference and photo read, matched, written as JPEG": whole,
        }
        rows = [(name, f"{timed(work):.2f}") for name, work in works.items()]
        print(table((f"{width} × {height} pixels, {torch.get_num_threads()} threads", "s"), rows))


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes: the median of some times."""
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return median(took)


def edge_likeness(one: Tensor, other: Tensor) -> float:
    """Structural similarity (Z. Wang et al., 2004) of where two pictures (3, H, W) have edges; 1 at most."""
    return structural_similarity(edges(one), edges(other))


def edges(rgb: Tensor) -> Tensor:
    """How much of an edge each place of a picture (3, H, W) is, from 0 to 1, reduced to EDGES pixels.

    By Sobel's operator on OKLab's lightness, against its root mean square, at which it is 0.5: that a picture as a
    whole has more contrast or less moves no edge.
    """
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    lightness = F.pad(to_oklab(fit(rgb, EDGES))[None, :1], (1, 1, 1, 1), mode="replicate")
    steep = F.conv2d(lightness, torch.stack([across, across.T])[:, None])[0].norm(dim=0)
    strength: Tensor = steep / (steep + steep.square().mean().sqrt()).clamp_min(1e-9)
    return strength


def structural_similarity(one: Tensor, other: Tensor) -> float:
    """Of two maps (H, W) of values from 0 to 1, over Gaussian windows."""
    distance = torch.arange(-5.0, 6)
    window = torch.exp(-(distance**2) / (2 * 1.5**2))
    kernel = torch.outer(window, window)[None, None] / window.sum() ** 2

    def mean(values: Tensor) -> Tensor:
        around: Tensor = F.conv2d(values[None, None], kernel)[0, 0]
        return around

    middle, other_middle = mean(one), mean(other)
    variance, other_variance = mean(one * one) - middle**2, mean(other * other) - other_middle**2
    together = mean(one * other) - middle * other_middle
    brightness = (2 * middle * other_middle + 0.01**2) / (middle**2 + other_middle**2 + 0.01**2)
    structure = (2 * together + 0.03**2) / (variance + other_variance + 0.03**2)
    return float((brightness * structure).mean())


def color_distance(one: Tensor, other: Tensor) -> float:
    """Sliced Wasserstein distance of the colours of two pictures (3, H, W), in OKLab: wherever the colours are."""
    clouds = [to_oklab(resample(rgb[None], (COLORS, COLORS))[0].clamp(0, 1)).flatten(1) for rgb in (one, other)]
    directions = F.normalize(torch.randn(DIRECTIONS, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    ordered, other_ordered = ((directions @ cloud).sort(dim=1).values for cloud in clouds)
    return float((ordered - other_ordered).abs().mean())


if __name__ == "__main__":
    keep_freed_memory()  # as commands and the service do
    tyro.cli(References | Styles | Seconds, description=__doc__).run()
