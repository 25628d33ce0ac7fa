"""What holds still in a moving picture that is painted frame by frame: three things, and a fourth where it is wanted.

- A normalization divides by what the whole picture has, so whoever walks into it would change the colours of all the
  rest. So the statistics are those of the shot: measured every few frames, and moved there slowly.
- The network's coarsest features are of every fourth pixel, so a picture that has moved by one is another one to it:
  most of what flickers when a camera moves is this. So the grid moves along with most of the picture, by whole pixels:
  by what is nearest to each frame's own motion. What is left of it moves on smoothly, as all of slow motion does.
- A frame that is the same as the one before is painted as that was.
- What was painted is carried along with what moves, by optical flow, and mixed into what is painted now wherever the
  flow is sure to see the same thing (M. Ruder et al., "Artistic Style Transfer for Videos", GCPR 2016, who carry it
  into an optimisation). Each level of the strokes is, so that finer ones are added to what has been carried.

At a cut, and where frames become larger or smaller, all begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.network.statistics import Measure, Statistics
from impasto.model.painting.moving import Moving, Paint
from impasto.model.painting.stroke import Stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.picture import Picture
from impasto.model.video.carrying import carried
from impasto.model.video.config import MotionConfig
from impasto.model.video.cuts import is_cut
from impasto.model.video.flow import Flow, Motion

GRID = 4
"""Pixels from one of the network's coarsest features to the next."""


@dataclass
class Shot:
    """What the frames of a shot take over from one another.

    frames: how many were painted. placed: x and y by which the grid of each level has moved, in pixels.
    held: the statistics of each normalization, (level, number); measured: where they go.
    painted: the levels of the last frame, with those that are carried along.
    """

    frames: int = 0
    placed: dict[int, tuple[int, int]] = field(default_factory=dict)
    held: dict[tuple[int, int], Statistics] = field(default_factory=dict)
    measured: dict[tuple[int, int], Statistics] = field(default_factory=dict)
    painted: dict[int, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Painted:
    """A frame, the vector of its style, and its painting."""

    photo: Picture
    vector: Tensor
    painting: Picture


class Continuity:
    """Paints the frames of a film, one after the other.

    strength, preserve_color, stroke: as `Stylizer.stylize` takes them.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        config: MotionConfig,
        *,
        strength: float = 1.0,
        preserve_color: bool = False,
        stroke: Stroke = 1.0,
    ) -> None:
        self._config = config
        self._stylize = partial(stylizer.stylize, strength=strength, preserve_color=preserve_color, stroke=stroke)
        self._last: Painted | None = None
        self._begin()

    def paint(self, photo: Picture, vector: Tensor) -> Picture:
        """The next frame in a style or a blend, as its vector (E,). Raises as `Stylizer.stylize` does."""
        painted = self.again(photo, vector)
        return painted or self.keep(photo, vector, self._stylize(photo, vector, moving=self.next(photo)))

    def again(self, photo: Picture, vector: Tensor) -> Picture | None:
        """The painting of the last frame, where the next one is the same; else it is to be painted."""
        last = self._last
        return last.painting if last and last.vector.equal(vector) and _same(last.photo, photo) else None

    def next(self, photo: Picture) -> Moving:
        """What the next frame takes over from those before it, for whoever paints it and then gives it to `keep`."""
        last = self._last
        if last and (last.photo.size != photo.size or is_cut(last.photo.pixels, photo.pixels)):
            self._begin()
        return _Frame(self._shot, self._motion.next(photo.pixels), self._config)

    def keep(self, photo: Picture, vector: Tensor, painting: Picture) -> Picture:
        """The painting of the next frame, which those after it follow."""
        self._shot.frames += 1
        self._last = Painted(photo, vector, painting)
        return painting

    def _begin(self) -> None:
        self._shot, self._motion = Shot(), Motion(both_ways=self._config.flow)

    def state(self) -> dict[str, Tensor]:
        """All that the next frame takes over, to go on from later; nothing before the first frame."""
        if self._last is None:
            return {}
        shot, last = self._shot, self._last
        tensors = {
            "frames": torch.tensor(shot.frames),
            "vector": last.vector,
            "photo": last.photo.pixels,
            "painting": last.painting.pixels,
        }
        if last.photo.alpha is not None:
            tensors["alpha"] = last.photo.alpha
        for name, each in (("held", shot.held), ("measured", shot.measured)):
            for (level, layer), found in each.items():
                key = f"{name} {level} {layer}"
                count = torch.tensor([[found.count]], dtype=torch.float64)
                tensors[key] = torch.stack([count.expand_as(found.mean), found.mean, found.squares])
        tensors |= {f"placed {level}": torch.tensor(place) for level, place in shot.placed.items()}
        return tensors | {f"painted {level}": painted for level, painted in shot.painted.items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a `state`."""
        if not tensors:
            return
        photo, painting = (Picture(tensors[name], tensors.get("alpha")) for name in ("photo", "painting"))
        self._last = Painted(photo, tensors["vector"], painting)
        self._begin()
        self._motion.next(photo.pixels)
        self._shot.frames = int(tensors["frames"])
        for key, value in tensors.items():
            match key.split():
                case ["held" | "measured" as name, level, layer]:
                    count, mean, squares = value
                    getattr(self._shot, name)[int(level), int(layer)] = Statistics(int(count[0, 0]), mean, squares)
                case ["placed", level]:
                    x, y = value.tolist()
                    self._shot.placed[int(level)] = x, y
                case ["painted", level]:
                    self._shot.painted[int(level)] = value


@dataclass(frozen=True)
class _Frame:
    """A frame that is painted now, as `Moving`."""

    shot: Shot
    flow: Flow | None
    config: MotionConfig

    def paint(self, level: int, images: Tensor, paint: Paint) -> Tensor:
        height, width = images.shape[2:]
        x, y = self.shot.placed.get(level, (0, 0))
        if self.flow:
            right, down = self.flow.of_most
            x, y = self.shot.placed[level] = x + round(right * width), y + round(down * height)
        left, above = -x % GRID, -y % GRID
        placed = F.pad(images, (left, GRID - left, above, GRID - above), mode="reflect")
        painted = paint(placed, partial(self._hold, level))[..., above : above + height, left : left + width]
        if self.config.flow:
            before = self.shot.painted.get(level)
            if self.flow and before is not None:
                flow = self.flow.of_size(height, width)
                painted = carried(painted, before, flow, self.config.carried)
            self.shot.painted[level] = painted.contiguous()
        return painted

    def _hold(self, level: int, layer: int, measure: Measure) -> Statistics:
        key, shot = (level, layer), self.shot
        if key not in shot.held:
            shot.held[key] = shot.measured[key] = measure()
        elif shot.frames % self.config.every == 0:
            shot.measured[key] = measure()
        shot.held[key] = shot.held[key].towards(shot.measured[key], self.config.pace)
        return shot.held[key]


def _same(one: Picture, other: Picture) -> bool:
    if one.alpha is None or other.alpha is None:
        return one.alpha is other.alpha and one.pixels.equal(other.pixels)
    return one.pixels.equal(other.pixels) and one.alpha.equal(other.alpha)
