"""Photos that are learned from: those of a folder that can be used, and random crops of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm

from impasto.model.files import write_whole
from impasto.model.pictures import images
from impasto.model.pictures.images import ImageError, NoImages
from impasto.model.pictures.resize import resize

log = logging.getLogger(__name__)

FLATTEST_CROP = 0.02
"""Standard deviation within a channel, of values in [0, 1], below which a crop is nearly constant. Such a crop has
σ ≈ 0 in every normalization, whose gradient is then multiplied by up to 1/√ε = 316, layer by layer,
until it overflows."""


def usable_images(folder: Path, *, smallest_side: int, memory: Path | None = None) -> list[Path]:
    """The pictures in a folder that decode and are large enough; the others are named in the log.

    Every file is decoded once: better a minute now than a dead run in the night.
    memory: file that remembers those that decode, so that they are not decoded again until they change.
    Raises NoImages when none is left.
    """
    known = json.loads(memory.read_text("utf-8")) if memory and memory.exists() else {}
    decoded: dict[str, list[int]] = {}  # name -> bytes, time of the last change, width, height

    def fault(path: Path) -> str | None:
        try:
            now = path.stat()
            entry = known.get(path.name, [])
            if entry[:2] != [now.st_size, now.st_mtime_ns]:
                entry = [now.st_size, now.st_mtime_ns, *images.decode(path.read_bytes()).size]
        except (ImageError, OSError) as error:
            return str(error)
        decoded[path.name] = entry
        width, height = entry[2:]
        return f"{width} × {height} pixels are too few" if min(width, height) < smallest_side else None

    files = images.files_in(folder)
    with ThreadPoolExecutor() as pool:
        looked = tqdm(
            pool.map(fault, files), f"looking at {folder.name}", len(files), leave=False, disable=None, delay=1
        )
        faults = dict(zip(files, looked, strict=True))
    if memory:
        write_whole(memory, json.dumps(decoded).encode())
    refused = {path: reason for path, reason in faults.items() if reason}
    for path, reason in refused.items():
        log.warning("refused %s: %s", path, reason)
    if refused:
        log.warning("refused %d of the %d pictures in %s", len(refused), len(files), folder)
    if len(refused) == len(files):
        raise NoImages(f"none of the {len(files)} pictures in {folder} can be used; the first: {faults[files[0]]}")
    return [path for path in files if path not in refused]


def load_rgb(path: Path, *, at_most: int | None = None) -> Tensor:
    """A picture (3, H, W) in [0, 1], white where it is transparent, at most `at_most` pixels long on its longer side.

    Raises ImageError or OSError.
    """
    return images.decode(path.read_bytes(), at_most=at_most).on_white().rgb


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
