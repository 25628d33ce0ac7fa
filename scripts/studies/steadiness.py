"""How much painted films flicker, and what it costs that they do not: the tables of docs/video.md.

    python -m impasto.scripts.studies.steadiness --styles paintings/ --photos large/ --clips one.mp4 two.mp4

Frames made of large photos move in ways that are known to the last digit; those of films move as optical flow says.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean
from typing import Literal, get_args

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from impasto.model.evaluation.report import table
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED, Precision
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception.objective import Objective
from impasto.model.pictures import images
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.picture import Picture, to_pixels
from impasto.model.pictures.resize import resize
from impasto.model.styles.paintings import load_paintings
from impasto.model.video.config import Limits, MotionConfig
from impasto.model.video.continuity import Continuity
from impasto.model.video.painting import open_video
from impasto.model.video.steadiness import Move, found_moves, warping_error

Part = Literal["motions", "clips", "speed"]
Way = Literal["each by itself", "held", "held, flow"]
WAYS: dict[Way, MotionConfig | None] = {
    "each by itself": None,
    "held": MotionConfig(),
    "held, flow": MotionConfig(flow=True),
}
NOISE = 0.012
"""Standard deviation of a sensor's noise, of 1: a camera's by daylight indoors."""
OBJECT, SPEED = 0.22, 6
"""Radius of what moves over something else, of the picture's height; pixels by which it moves in a frame."""
JUDGED = 6
"""Frames between two whose style is measured, from this one on: what is carried along has been, by then."""
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


@dataclass(frozen=True)
class Moving:
    """Frames, (H, W, 3) of uint8, and what moves from each to the next."""

    frames: list[Tensor]
    moves: list[Move]


def main(arguments: Arguments) -> None:
    study = Study(arguments)
    parts: dict[Part, Callable[[], str]] = {"motions": study.motions, "clips": study.clips, "speed": study.speed}
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
        paintings = {painting.style.id: painting.rgb for painting in load_paintings(arguments.styles)}
        side = source.training.objective.painting_size
        self.objective = Objective(source.training.objective, [resize(paintings[style], side) for style in self.styles])

    def motions(self) -> str:
        """Motion that is known exactly."""
        files = images.files_in(self.arguments.photos)[: self.arguments.count]
        films = {name: [make(load_rgb(file), self.arguments) for file in files] for name, make in MOTIONS.items()}
        return self.compared(films)

    def clips(self) -> str:
        """Films."""
        films = {}
        for path in self.arguments.clips:
            found = islice(open_video(path, NO_LIMITS).frames(), self.arguments.frames)
            frames = [frame.picture.pixels for frame in found]
            films[path.stem] = [Moving(frames, found_moves(frames))]
        return self.compared(films)

    def compared(self, films: dict[str, list[Moving]]) -> str:
        """The warping error of the films themselves and of each way, and D of each way, over all styles."""
        rows = []
        for name, some in films.items():
            own = fmean(warping_error(_floats(film.frames), film.moves) for film in some)
            measured = {way: self._measured(some, config) for way, config in WAYS.items()}
            alone, distance = measured["each by itself"]
            cells = [
                f"{1e4 * error:.2f} ({error / alone:.2f} ×, D {apart / distance:.3f} ×)"
                for error, apart in measured.values()
            ]
            rows.append((name, f"{1e4 * own:.2f}", *cells))
        return table(("warping error, 10⁻⁴", "the film's own", *WAYS), rows)

    @torch.inference_mode()
    def _measured(self, films: Sequence[Moving], config: MotionConfig | None) -> tuple[float, float]:
        errors, distances = [], []
        for film in films:
            for row, vector in enumerate(self.vectors):
                paintings = _floats([each.pixels for each in self._paint(film.frames, vector, config)])
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
        file, vector = images.files_in(self.arguments.photos)[0], self.vectors[0]
        rows = []
        for width, height in ((640, 360), (1280, 720)):
            frames = _panned(load_rgb(file), self.arguments, (width, height)).frames
            times: dict[Way, list[float]] = {way: [] for way in WAYS}
            painters = {way: self._paint(frames, vector, config) for way, config in WAYS.items()}
            for _ in frames:
                for way, painter in painters.items():
                    begun = time.perf_counter()
                    next(painter)
                    times[way].append(time.perf_counter() - begun)
            alone = sum(times["each by itself"])
            rows.append(
                (
                    f"{width} × {height}",
                    *(f"{len(each) / sum(each):.2f} ({alone / sum(each):.2f} ×)" for each in times.values()),
                )
            )
        return table(("frames a second", *WAYS), rows)


def _panned(photo: Tensor, arguments: Arguments, size: tuple[int, int] | None = None) -> Moving:
    return _filmed(photo, arguments, lambda t: (1.0, 0.0, 2.3 * t, 0.7 * t), size=size)


def _zoomed(photo: Tensor, arguments: Arguments) -> Moving:
    return _filmed(photo, arguments, lambda t: (0.992**t, 0.0, 0.0, 0.0))


def _rotated(photo: Tensor, arguments: Arguments) -> Moving:
    return _filmed(photo, arguments, lambda t: (1.0, 0.4 * t, 0.0, 0.0))


def _noisy(photo: Tensor, arguments: Arguments) -> Moving:
    still = _filmed(photo, arguments, lambda t: (1.0, 0.0, 0.0, 0.0))
    random = torch.Generator().manual_seed(0)
    noisy = [
        to_pixels((frame + NOISE * torch.randn(frame.shape, generator=random)).clamp(0, 1))
        for frame in _floats(still.frames)
    ]
    return Moving(noisy, still.moves)


def _crossed(photo: Tensor, arguments: Arguments) -> Moving:
    """A disc of the same photo, upside down, crosses a picture that stands still."""
    still = _filmed(photo, arguments, lambda t: (1.0, 0.0, 0.0, 0.0))
    width, height = arguments.size
    radius = OBJECT * height
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    disc = photo.flip(1)[:, : 2 * int(radius) + 2, : 2 * int(radius) + 2]
    frames, covers, begins = [], [], round((width - SPEED * arguments.frames) / 2 - radius)
    for number, frame in enumerate(still.frames):
        left = begins + number * SPEED
        cover = (rows - height / 2) ** 2 + (columns - left - radius) ** 2 <= radius**2
        x, y = (
            (columns - left).clamp(0, disc.shape[2] - 1),
            (rows - height // 2 + int(radius)).clamp(0, disc.shape[1] - 1),
        )
        frames.append(torch.where(cover[..., None], to_pixels(disc[:, y, x]), frame))
        covers.append(cover)
    moves = []
    for before, after in pairwise(covers):
        where = torch.stack([columns + SPEED * before, rows], dim=-1).float()
        seen = (before & (columns + SPEED < width)) | ~(before | after)
        moves.append((where, seen.float()))
    return Moving(frames, moves)


MOTIONS: dict[str, Callable[[Tensor, Arguments], Moving]] = {
    "pan": _panned,
    "zoom": _zoomed,
    "rotation": _rotated,
    "something crosses": _crossed,
    "noise": _noisy,
}


def _filmed(
    photo: Tensor,
    arguments: Arguments,
    camera: Callable[[int], tuple[float, float, float, float]],
    *,
    size: tuple[int, int] | None = None,
) -> Moving:
    """camera: of each frame its pixels' size in the scene, by how many degrees it is turned, its middle's x and y."""
    width, height = size or arguments.size
    scene = resize(photo, round(2.2 * height))
    poses = [_pose(*camera(number)) for number in range(arguments.frames)]
    frames = [to_pixels(_seen(scene, pose, (width, height))) for pose in poses]
    moves = []
    for before, after in pairwise(poses):
        where = _grid(width, height) @ (torch.linalg.inv(after) @ before).T
        where = where[..., :2] + torch.tensor([(width - 1) / 2, (height - 1) / 2])
        inside = ((where >= 0) & (where <= torch.tensor([width - 1, height - 1]))).all(dim=-1)
        moves.append((where, inside.float()))
    return Moving(frames, moves)


def _pose(scale: float, degrees: float, x: float, y: float) -> Tensor:
    turn = math.radians(degrees)
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    return torch.tensor([[cos, -sin, x], [sin, cos, y], [0, 0, 1]], dtype=torch.float64)


def _grid(width: int, height: int) -> Tensor:
    rows, columns = torch.meshgrid(
        torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij"
    )
    return torch.stack([columns, rows, torch.ones_like(rows)], dim=-1).double()


def _seen(scene: Tensor, pose: Tensor, size: tuple[int, int]) -> Tensor:
    where = (_grid(*size) @ pose.T)[..., :2]
    sides = torch.tensor([scene.shape[2] - 1, scene.shape[1] - 1])
    found = F.grid_sample(scene[None], (2 * where / sides)[None].float(), mode="bicubic", align_corners=True)
    return found[0].clamp(0, 1)


def _floats(frames: Sequence[Tensor]) -> list[Tensor]:
    return [Picture(frame).rgb for frame in frames]


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
