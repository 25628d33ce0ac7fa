"""Films made of photos, whose motion is known to the last digit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.pictures.picture import Picture, to_pixels
from impasto.model.pictures.resize import resize
from impasto.model.video.clip import Clip, Frame
from impasto.model.video.film_pieces import FilmPieces
from impasto.model.video.steadiness import Move

NOISE = 0.012
"""Standard deviation of a sensor's noise, of 1: a camera's by daylight indoors."""
OBJECT, SPEED = 0.22, 6
"""Radius of what moves over something else, of the picture's height; pixels by which it moves in a frame."""

Size = tuple[int, int]
"""Width and height in pixels."""
Pose = tuple[float, float, float, float]
"""Of a camera: the size of its pixels in the scene, by how many degrees it is turned, its middle's x and y."""


@dataclass(frozen=True)
class Moving:
    """Frames, (H, W, 3) of uint8, and what moves from each to the next."""

    frames: list[Tensor]
    moves: list[Move]


def panned(photo: Tensor, size: Size, count: int) -> Moving:
    """The camera moves to the right and a little down."""
    return filmed(photo, size, count, lambda t: (1.0, 0.0, 2.3 * t, 0.7 * t))


def zoomed(photo: Tensor, size: Size, count: int) -> Moving:
    """The camera comes nearer."""
    return filmed(photo, size, count, lambda t: (0.992**t, 0.0, 0.0, 0.0))


def rotated(photo: Tensor, size: Size, count: int) -> Moving:
    """The camera is turned."""
    return filmed(photo, size, count, lambda t: (1.0, 0.4 * t, 0.0, 0.0))


def noisy(photo: Tensor, size: Size, count: int) -> Moving:
    """The camera stands still; its sensor has noise."""
    still = filmed(photo, size, count, lambda t: (1.0, 0.0, 0.0, 0.0))
    random = torch.Generator().manual_seed(0)
    noisy = [
        to_pixels((frame + NOISE * torch.randn(frame.shape, generator=random)).clamp(0, 1))
        for frame in floats(still.frames)
    ]
    return Moving(noisy, still.moves)


def crossed(photo: Tensor, size: Size, count: int) -> Moving:
    """A disc of the same photo, upside down, crosses a picture that stands still."""
    still = filmed(photo, size, count, lambda t: (1.0, 0.0, 0.0, 0.0))
    width, height = size
    radius = OBJECT * height
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    disc = photo.flip(1)[:, : 2 * int(radius) + 2, : 2 * int(radius) + 2]
    frames, covers, begins = [], [], round((width - SPEED * count) / 2 - radius)
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


MOTIONS: dict[str, Callable[[Tensor, Size, int], Moving]] = {
    "pan": panned,
    "zoom": zoomed,
    "rotation": rotated,
    "something crosses": crossed,
    "a sensor's noise": noisy,
}


def filmed(photo: Tensor, size: Size, count: int, camera: Callable[[int], Pose]) -> Moving:
    """What a camera sees of a photo in so many frames."""
    width, height = size
    scene = resize(photo, round(2.2 * height))
    poses = [_pose(*camera(number)) for number in range(count)]
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


def write_film(frames: Iterable[Tensor], size: Size, path: Path) -> None:
    """Frames (H, W, 3) of uint8 as a film's file, 25 a second."""
    clip = Clip(size, (0,), 1, Fraction(1, 25), Fraction(25))
    pieces = FilmPieces(path, clip, path)
    with TemporaryDirectory() as folder:
        pieces.write(Path(folder), (Frame(Picture(frame), number) for number, frame in enumerate(frames)))
        pieces.join([Path(folder)], path)


def floats(frames: Sequence[Tensor]) -> list[Tensor]:
    """Frames as (3, H, W) in [0, 1]."""
    return [Picture(frame).rgb for frame in frames]
