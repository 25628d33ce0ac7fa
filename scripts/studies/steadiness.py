"""How much painted films flicker, and what it costs that they do not: the tables of docs/video.md.

    python -m impasto.scripts.studies.steadiness --styles paintings/ --photos large/ --clips one.mp4 two.mp4

Frames made of large photos move in ways that are known to the last digit; those of films move as optical flow says.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import psutil
import torch
import tyro
from torch import Tensor

from impasto.model.evaluation.report import table
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED, Precision
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception.objective import Objective
from impasto.model.pictures import images
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.picture import Picture
from impasto.model.styles.paintings import paintings_of
from impasto.model.video.config import Limits, MotionConfig
from impasto.model.video.continuity import Continuity
from impasto.model.video.painting import open_video, paint_video
from impasto.model.video.steadiness import found_moves, warping_error
from impasto.scripts.studies.motions import MOTIONS, Moving, floats, panned, write_film

Part = Literal["error", "speed", "memory"]
Way = Literal["each by itself", "held", "held, flow"]
WAYS: dict[Way, MotionConfig | None] = {
    "each by itself": None,
    "held": MotionConfig(),
    "held, flow": MotionConfig(flow=True),
}
JUDGED = 6
"""Frames between two whose style is measured, from this one on: what is carried along has been, by then."""
CAMERAS = {"the camera moves": "pan", "it stands still": "something crosses"}
"""Of MOTIONS, in what is timed."""
SIZES = (640, 360), (1280, 720)
"""Widths and heights of its frames."""
LONG = 2000
"""Frames of the film whose painting's memory is measured, and every so many of them."""
LONG_SIZE, LOOKED = (160, 90), 400
NO_LIMITS = Limits(math.inf, 10**9, 10**9)


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings that the network was trained on."""
    photos: Path
    """Folder of photos of a thousand pixels and more, of which frames are made."""
    clips: tuple[Path, ...] = ()
    """Films."""
    only: tuple[Part, ...] = get_args(Part)
    """What is measured."""
    count: int = 2
    """Photos of which frames are made."""
    frames: int = 24
    """Of each film."""
    size: tuple[int, int] = (480, 272)
    """Width and height of the frames that are made."""
    every: int = 8
    """Styles: the first one and every so many after it."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """auto, float32, bfloat16 or float16."""


def main(arguments: Arguments) -> None:
    study = Study(arguments)
    parts: dict[Part, Callable[[], str]] = {
        "error": study.error,
        "speed": study.speed,
        "memory": study.memory,
    }
    for part in arguments.only:
        print(f"{parts[part]()}\n", flush=True)


class Study:
    """The network and its styles; each method is a table."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        source = checkpoint.load(arguments.checkpoint)
        self.stylizer = Stylizer.of(source, device=arguments.device, precision=arguments.precision)
        self.styles = source.styles.ids[:: arguments.every]
        self.vectors = [source.styles.vectors[source.styles.row(style)] for style in self.styles]
        known = paintings_of(self.styles, arguments.styles)
        self.objective = Objective.of_styles(source.training.objective, known)

    def error(self) -> str:
        """The warping error of films themselves and of each way, and D of each way, over all styles."""
        rows, files = [], images.files_in(self.arguments.photos)[: self.arguments.count]
        films = {
            name: [make(load_rgb(file), self.arguments.size, self.arguments.frames) for file in files]
            for name, make in MOTIONS.items()
        }
        for path in self.arguments.clips:
            frames = self._frames_of(path)
            films[path.stem] = [Moving(frames, found_moves(frames))]
        for name, some in films.items():
            own = fmean(warping_error(floats(film.frames), film.moves) for film in some)
            measured = {way: self._measured(some, config) for way, config in WAYS.items()}
            alone, distance = measured.pop("each by itself")
            cells = [
                f"{1e4 * error:.2f} ({error / alone:.2f} ×, D {apart / distance:.3f} ×)"
                for error, apart in measured.values()
            ]
            rows.append((name, f"{1e4 * own:.2f}", f"{1e4 * alone:.2f}", *cells))
        return table(("warping error, 10⁻⁴", "the film's own", *WAYS), rows)

    def memory(self) -> str:
        """What this process takes while a long film is painted from file to file."""
        process, found = psutil.Process(), []

        def look(done: int, painting: Picture) -> None:
            if done % LOOKED == 0:
                found.append((str(done), f"{process.memory_info().rss / 2**20:.0f}"))

        photo = load_rgb(images.files_in(self.arguments.photos)[0])
        frames = cycle(panned(photo, LONG_SIZE, 50).frames)
        with TemporaryDirectory() as folder:
            film, painted = Path(folder, "film.mp4"), Path(folder, "painted.mp4")
            write_film(islice(frames, LONG), LONG_SIZE, film)
            source, continuity = open_video(film, NO_LIMITS), Continuity(self.stylizer, MotionConfig())
            paint_video(film, source, painted, continuity, lambda share: self.vectors[0], told="", progress=look)
        return table(("frames painted", "MiB"), found)

    @torch.inference_mode()
    def _measured(self, films: Sequence[Moving], config: MotionConfig | None) -> tuple[float, float]:
        errors, distances = [], []
        for film in films:
            for row, vector in enumerate(self.vectors):
                paintings = floats([each.pixels for each in self._paint(film.frames, vector, config)])
                errors.append(warping_error(paintings, film.moves))
                for painting in paintings[JUDGED::JUDGED]:
                    features = self.objective.loss_network(painting[None])
                    distances.append(float(self.objective.distances(features).sum(dim=0)[row]))
        return fmean(errors), fmean(distances)

    def _paint(self, frames: Sequence[Tensor], vector: Tensor, config: MotionConfig | None) -> Iterator[Picture]:
        if config is None:
            return (self.stylizer.stylize(Picture(frame), vector) for frame in frames)
        continuity = Continuity(self.stylizer, config)
        return (continuity.paint(Picture(frame), vector) for frame in frames)

    def speed(self) -> str:
        """Frames a second of each way, each in turn."""
        rows, vector = [], self.vectors[0]
        for film, frames in self._timed():
            times: dict[Way, list[float]] = {way: [] for way in WAYS}
            painters = {way: self._paint(frames, vector, config) for way, config in WAYS.items()}
            for _ in frames:
                for way, painter in painters.items():
                    begun = time.perf_counter()
                    next(painter)
                    times[way].append(time.perf_counter() - begun)
            alone = sum(times["each by itself"])
            speeds = [f"{len(each) / sum(each):.2f} ({alone / sum(each):.2f} ×)" for each in times.values()]
            rows.append((film, *speeds))
        return table(("frames a second", *WAYS), rows)

    def _timed(self) -> Iterator[tuple[str, Sequence[Tensor]]]:
        """What is timed, and its frames."""
        photo = load_rgb(images.files_in(self.arguments.photos)[0])
        for (camera, motion), (width, height) in product(CAMERAS.items(), SIZES):
            yield f"{width} × {height}, {camera}", MOTIONS[motion](photo, (width, height), self.arguments.frames).frames
        for path in self.arguments.clips:
            yield path.stem, self._frames_of(path)

    def _frames_of(self, path: Path) -> list[Tensor]:
        found = islice(open_video(path, NO_LIMITS).frames(), self.arguments.frames)
        return [frame.picture.pixels for frame in found]


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
