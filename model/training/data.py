"""What a network is trained on: a folder of photos, a folder of paintings.

The n-th training sample (which photo, which crop, which style) is a pure function of the seed and n.
So a run that is killed and resumed, or spread over several processes, sees what it would have seen.
"""

from __future__ import annotations

import csv
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from model import images
from model.images import ImageError, NoImages
from model.resize import resize
from model.styles import Style, slug

log = logging.getLogger(__name__)

FLATTEST_CROP = 0.02
"""Standard deviation within a channel, of values in [0, 1], below which a crop is nearly constant. Such a crop has
σ ≈ 0 in every normalization, whose gradient is then multiplied by up to 1/√ε = 316, layer by layer,
until it overflows."""


@dataclass(frozen=True)
class Painting:
    """A style image: (3, H, W) in [0, 1], and what is known of it."""

    style: Style
    rgb: Tensor


def usable_images(folder: Path, *, smallest_side: int) -> list[Path]:
    """The pictures in a folder that decode and are large enough; the others are named in the log.

    Every file is decoded once: better a minute now than a dead run in the night.
    Raises NoImages when none is left.
    """

    def fault(path: Path) -> str | None:
        try:
            size = images.decode(path.read_bytes()).size
        except (ImageError, OSError) as error:
            return str(error)
        return f"{size[0]} × {size[1]} pixels are too few" if min(size) < smallest_side else None

    files = images.files_in(folder)
    with ThreadPoolExecutor() as pool:
        faults = dict(zip(files, pool.map(fault, files), strict=True))
    refused = {path: reason for path, reason in faults.items() if reason}
    for path, reason in refused.items():
        log.warning("refused %s: %s", path, reason)
    if refused:
        log.warning("refused %d of the %d pictures in %s", len(refused), len(files), folder)
    if len(refused) == len(files):
        raise NoImages(f"none of the {len(files)} pictures in {folder} can be used; the first: {faults[files[0]]}")
    return [path for path in files if path not in refused]


def load_rgb(path: Path, *, at_most: int | None = None) -> Tensor:
    """A picture (3, H, W) in [0, 1], scaled down to `at_most` pixels on its longer side if larger.

    Raises ImageError or OSError.
    """
    return images.decode(path.read_bytes(), at_most=at_most).rgb


def load_paintings(folder: Path, *, smallest_side: int = 128) -> list[Painting]:
    """Every usable painting in a folder, with its entry in the catalogue if there is one.

    The catalogue is `styles.csv` in the folder or beside it, with a column `slug` (the name of the
    file) and any of title, artist, year, licence, died. Without an entry, the file's name is id and
    title. Raises NoImages; ValueError for two paintings of one id or a catalogue without slugs.
    """
    catalogue = _read_catalogue(folder)
    paintings = [
        Painting(catalogue.get(path.stem) or Style(slug(path.stem), path.stem), load_rgb(path))
        for path in usable_images(folder, smallest_side=smallest_side)
    ]
    ids = Counter(painting.style.id for painting in paintings)
    if twice := [style_id for style_id, count in ids.items() if count > 1]:
        raise ValueError(f"several paintings in {folder} would have the same id: {', '.join(twice)}")
    return paintings


def _read_catalogue(folder: Path) -> dict[str, Style]:
    for path in (folder / "styles.csv", folder.resolve().parent / "styles.csv"):
        if path.is_file():
            with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets write a mark first
                rows = csv.DictReader(file, restval="")
                if "slug" not in (rows.fieldnames or ()):
                    raise ValueError(f"{path} has no column named slug")
                return {row["slug"]: _style(row) for row in rows}
    return {}


def _style(row: dict[str, str]) -> Style:
    licence = row.get("licence", "")
    if not licence and row.get("died"):
        licence = f"public domain: the artist died {row['died']}"
    return Style(slug(row["slug"]), row.get("title", ""), row.get("artist", ""), row.get("year", ""), licence)


def split(photos: Sequence[Path], held_out: int) -> tuple[list[Path], list[Path]]:
    """Photos to train on, and `held_out` of them, evenly spread, to judge by.

    Raises NoImages when nothing would be left to train on.
    """
    if len(photos) <= held_out:
        raise NoImages(f"{len(photos)} photos are too few to keep {held_out} of them out of training")
    kept_out = [photos[position * len(photos) // held_out] for position in range(held_out)]
    left_out = set(kept_out)
    return [photo for photo in photos if photo not in left_out], kept_out


class Samples(Dataset[tuple[Tensor, int]]):
    """The endless sequence of training samples: (crop (3, S, S) in [0, 1], row of its style).

    Every photo comes once before any comes again, and so does every style. The scale of a crop is
    random, from the whole photo to half of it, so that the network learns near and far; half of the
    crops are mirrored.
    """

    def __init__(self, photos: Sequence[Path], *, styles: int, crop: int, seed: int) -> None:
        self.photos = photos
        self.styles = styles
        self.crop = crop
        self.seed = seed

    def __getitem__(self, n: int) -> tuple[Tensor, int]:
        random = np.random.default_rng((self.seed, n))
        style = _turn(self.seed + 1, n, self.styles)
        for attempt in range(20):  # a nearly constant crop, or a file gone since it was checked
            photo = self.photos[_turn(self.seed, n + attempt, len(self.photos))]
            try:
                crop = self._random_crop(load_rgb(photo, at_most=6 * self.crop), random)
            except (ImageError, OSError) as error:
                log.warning("skipped %s: %s", photo, error)
                continue
            if crop.std(dim=(1, 2)).max() >= FLATTEST_CROP:
                return crop, style
        raise NoImages("20 photos in a row gave no crop with anything on it; these are no photos to train on")

    def _random_crop(self, rgb: Tensor, random: np.random.Generator) -> Tensor:
        largest = max(self.crop, min(*rgb.shape[1:], 2 * self.crop))
        rgb = resize(rgb, int(random.integers(self.crop, largest, endpoint=True)))
        top, left = (int(random.integers(0, side - self.crop, endpoint=True)) for side in rgb.shape[1:])
        crop = rgb[:, top : top + self.crop, left : left + self.crop]
        return crop.flip(2) if random.random() < 0.5 else crop.clone()


def _turn(seed: int, n: int, count: int) -> int:
    """Whose turn it is: the n-th item of shuffle after shuffle of range(count)."""
    return int(_shuffle(seed, n // count, count)[n % count])


@lru_cache(maxsize=8)
def _shuffle(seed: int, turn: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng((seed, turn)).permutation(count)


def loader(
    samples: Samples, *, batch: int, first_step: int, last_step: int, workers: int, rank: int = 0, world: int = 1
) -> DataLoader[tuple[Tensor, int]]:
    """Batches for steps first_step … last_step − 1, decoded by `workers` processes ahead of time.

    batch: images of a step over all `world` processes; each gets batch / world of them.
    """
    return DataLoader(
        samples,
        batch_size=batch // world,
        sampler=range(first_step * batch + rank, last_step * batch, world),  # the numbers of its samples
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=workers > 0,
    )
