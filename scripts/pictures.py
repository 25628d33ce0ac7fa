"""What the commands that make a picture by optimisation share: reading, following, writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tqdm import tqdm

from model import images
from model.images import Format, Picture
from model.optimization.descent import Progress

FORMATS: dict[str, Format] = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}


def read(path: Path, *, size: int | None = None) -> Picture:
    """A picture from a file, with a longer side of `size` pixels. Raises ImageError, OSError."""
    return images.decode(path.read_bytes(), longest_side=size)


def check_target(path: Path) -> None:
    """Make the folder of a file to be written. Raises ValueError for a format that is not written."""
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: pictures are written as {', '.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)


def write(picture: Picture, path: Path) -> None:
    """Write a picture in the format that the file's name says."""
    path.write_bytes(images.encode(picture, FORMATS[path.suffix.lower()], quality=92))


def follow(run: Iterator[Progress], *, steps: int, show: Callable[[Progress], None] | None = None) -> Progress:
    """Go through an optimisation with a bar that tells its losses; the last step. Ctrl-C ends it where it is.

    show: called after every step.
    """
    last = None
    with tqdm(total=steps, unit="step", disable=None) as bar:
        try:
            for progress in run:
                bar.update(progress.step - (last.step if last else 0))
                bar.set_postfix({name: f"{value:.4g}" for name, value in progress.losses.items()}, refresh=False)
                last = progress
                if show:
                    show(progress)
        except KeyboardInterrupt:
            if last is None:
                raise
            bar.write(f"stopped at step {last.step}")
    if last is None:
        raise ValueError("there was no step to make")
    return last
