"""What `impasto augment` does: finds pictures in folders, styles them in batches, and goes on where one is broken."""

from __future__ import annotations

import hashlib
import math
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.files import write_whole
from impasto.model.network.device import find_device
from impasto.model.painting.augment import Params, StyleAugment
from impasto.model.painting.memory import OutOfMemory
from impasto.model.pictures import images
from impasto.model.pictures.images import ImageError
from impasto.model.pictures.picture import Picture
from impasto.scripts.augment import Arguments
from impasto.scripts.pictures import FORMATS, stem_and_suffix
from impasto.scripts.places import Place, check_apart, keep_choices

CHOICES = "augmentation.json"
"""Beside the copies: what they were made with."""
MOST_WAITING = 16 * 1024 * 1024
"""Pixels of copies that wait until there are enough of their size."""


@dataclass(frozen=True)
class Copy:
    """A styled copy that is to be made.

    source: relative to the data set. target: the file to write. seed: what its style is drawn by.
    """

    source: Path
    target: Path
    seed: int


class Faults:
    """Pictures that cannot be styled, and why."""

    def __init__(self) -> None:
        self._found: dict[Path, str] = {}

    def add(self, picture: Path, reason: object) -> None:
        self._found[picture] = str(reason)

    def tell(self, pictures: int) -> None:
        """Name them all. Raises ImpastoError if there are any."""
        for picture, reason in self._found.items():
            print(f"impasto augment: {picture}: {reason}", file=sys.stderr)
        if self._found:
            raise ImpastoError(f"{len(self._found)} of the {pictures} pictures could not be styled")


def augment(arguments: Arguments) -> None:
    """Make all copies.

    Raises InvalidValue, UnknownStyle, OSError and what `StyleAugment` does for arguments that cannot work; ImpastoError
    at the end when some of the pictures could not be styled.
    """
    check(arguments)
    pictures = [Path(name) for name in Place.of(str(arguments.dataset)).pictures()]
    transform = StyleAugment(
        p=1.0,
        alpha=arguments.alpha,
        draw=arguments.draw,
        concentration=arguments.concentration,
        styles=arguments.style or None,
        stroke=arguments.stroke,
        network="small" if arguments.small else "large",
        checkpoint=arguments.checkpoint,
    )
    copies = plan(pictures, arguments)
    output = Place.of(str(arguments.output))
    keep_choices(output, CHOICES, choices(arguments, transform), overwrite=arguments.overwrite)
    faults = Faults()
    with tqdm(total=len(pictures) * arguments.copies, unit="copy", disable=None) as bar:
        waiting = Waiting(transform, arguments, bar, faults)
        for picture, planned_copies in copies.items():
            todo = [copy for copy in planned_copies if arguments.overwrite or not is_whole(copy.target)]
            bar.update(len(planned_copies) - len(todo))
            original = arguments.output / picture
            lacks_original = arguments.originals and (arguments.overwrite or not original.exists())
            if not todo and not lacks_original:
                continue
            try:
                data = (arguments.dataset / picture).read_bytes()
                decoded = images.decode(data)
                if lacks_original:
                    original.parent.mkdir(parents=True, exist_ok=True)
                    write_whole(original, data)
            except (ImageError, OSError) as error:
                faults.add(picture, error)
                bar.update(len(todo))
                continue
            waiting.add(decoded, todo)
        waiting.finish()
    faults.tell(len(pictures))


class Waiting:
    """Copies that wait, by the size of their pictures, until there are enough of them to be painted at once."""

    def __init__(self, transform: StyleAugment, arguments: Arguments, bar: tqdm[Any], faults: Faults) -> None:
        self._transform, self._arguments, self._bar, self._faults = transform, arguments, bar, faults
        self._device = find_device(arguments.device)
        self._of_size: dict[tuple[int, int], list[tuple[Picture, Copy]]] = defaultdict(list)
        self._pixels = 0

    def add(self, picture: Picture, copies: list[Copy]) -> None:
        """Take copies of a picture, and paint what has become enough."""
        for copy in copies:
            same = self._of_size[picture.size]
            same.append((picture, copy))
            self._pixels += math.prod(picture.size)
            if len(same) >= self._arguments.batch:
                self._paint(picture.size)
        while self._pixels > MOST_WAITING:
            self._paint(max(self._of_size, key=lambda size: math.prod(size) * len(self._of_size[size])))

    def finish(self) -> None:
        """Paint what is left."""
        for size in list(self._of_size):
            self._paint(size)

    def _paint(self, size: tuple[int, int]) -> None:
        batch = self._of_size.pop(size)
        self._pixels -= math.prod(size) * len(batch)
        try:
            painted = self._painted([picture for picture, _ in batch], [copy for _, copy in batch])
        except OutOfMemory as error:
            for _, copy in batch:
                self._faults.add(copy.source, error)
        else:
            for (picture, copy), pixels in zip(batch, painted, strict=True):
                self._write(replace(picture, pixels=pixels), copy)
        self._bar.update(len(batch))

    def _painted(self, pictures: list[Picture], copies: list[Copy]) -> Tensor:
        """(N, H, W, 3), uint8."""
        together = torch.stack([picture.pixels.permute(2, 0, 1) for picture in pictures])
        params = joined([drawn(self._transform, copy.seed) for copy in copies])
        painted: Tensor = self._transform.transform(together.to(self._device), params)
        return painted.cpu().permute(0, 2, 3, 1)

    def _write(self, picture: Picture, copy: Copy) -> None:
        try:
            copy.target.parent.mkdir(parents=True, exist_ok=True)
            written = FORMATS[copy.target.suffix.lower()]
            write_whole(copy.target, images.encode(picture, written, quality=self._arguments.quality))
        except (ImageError, OSError) as error:
            self._faults.add(copy.source, error)


def drawn(transform: StyleAugment, seed: int) -> Params:
    """What an image is styled with, by a seed, whatever was drawn before."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed notes a traceback for a GPU that is not used yet
        return transform.make_params([torch.zeros(3, 1, 1)])


def joined(params: list[Params]) -> Params:
    """Of single images, those of their batch."""
    return {name: torch.cat([each[name] for each in params]) for name in params[0]}


def check(arguments: Arguments) -> None:
    """Raises InvalidValue, DeviceUnavailable."""
    find_device(arguments.device)
    if arguments.copies < 1 or arguments.batch < 1:
        raise InvalidValue(f"-n and --batch are at least 1, not {arguments.copies} and {arguments.batch}")
    if not 1 <= arguments.quality <= 100:
        raise InvalidValue(f"--quality is between 1 and 100, not {arguments.quality}")
    check_apart(Place.of(str(arguments.dataset)), Place.of(str(arguments.output)))


def plan(pictures: list[Path], arguments: Arguments) -> dict[Path, list[Copy]]:
    """The copies of all pictures. Raises InvalidValue before anything would be overwritten."""
    copies = {picture: planned(picture, arguments) for picture in pictures}
    files = Counter(copy.target for planned_copies in copies.values() for copy in planned_copies)
    files.update(arguments.output / picture for picture in pictures if arguments.originals)
    if twice := [str(file) for file, count in files.items() if count > 1]:
        raise InvalidValue(f"{twice[0]} would be a picture and the copy of another; rename one, or leave it out")
    return copies


def planned(picture: Path, arguments: Arguments) -> list[Copy]:
    """The copies of a picture."""
    stem, suffix = stem_and_suffix(picture.name)
    folder = arguments.output / picture.parent
    return [
        Copy(picture, folder / f"{stem}-styled-{number}{suffix}", seed_of(arguments.seed, picture, number))
        for number in range(1, arguments.copies + 1)
    ]


def seed_of(seed: int, picture: Path, number: int) -> int:
    """63 bits, by which no two copies of a data set are the same."""
    text = f"{seed}/{number}/{picture.as_posix()}"
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8]) >> 1


def is_whole(path: Path) -> bool:
    """Whether a picture is there, and nothing of it is missing."""
    try:
        images.decode(path.read_bytes())
    except (ImageError, OSError):
        return False
    return True


def choices(arguments: Arguments, transform: StyleAugment) -> dict[str, Any]:
    """What copies are made with."""
    return {
        "alpha": list(transform.alpha),
        "draw": arguments.draw,
        "concentration": arguments.concentration,
        "styles": list(transform.styles),
        "seed": arguments.seed,
        "stroke": arguments.stroke,
        "network": transform.network,
        "quality": arguments.quality,
    }
