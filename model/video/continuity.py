"""What holds still in a moving picture that is painted frame by frame.

- A normalization divides by what the whole picture has, so whoever walks into it would change the colours of all the
  rest. So the statistics are those of the shot: moved slowly towards each frame's own.
- Frames are painted where they lie in the scene (`scene.py`): a camera that pans, zooms or turns moves nothing there.
- What has not changed but for noise stays, in the photo that is painted, and for the most part in what was painted
  of it. While the camera stands still, only what has changed is painted (`changes.py`), and a frame that is the same
  as the one before is that one's painting.
- What moves besides the camera is carried along, by optical flow, where that is wanted: what was painted is mixed into
  what is painted now wherever the flow is sure to see the same thing (M. Ruder et al., "Artistic Style Transfer for
  Videos", GCPR 2016, who carry it into an optimisation). Each level of the strokes is, so that finer ones are added to
  what has been carried.

At a cut, and where frames become larger or smaller, all begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from impasto.model.network.statistics import Held
from impasto.model.painting.moving import Moving, Paint
from impasto.model.painting.stroke import Stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import as_pixels
from impasto.model.video.affine import Affine
from impasto.model.video.camera import Camera
from impasto.model.video.carrying import carried
from impasto.model.video.changes import Part, changed
from impasto.model.video.config import MotionConfig
from impasto.model.video.cuts import Histogram, histogram, is_cut
from impasto.model.video.flow import Floats, Flow, Motion
from impasto.model.video.mixing import mixed
from impasto.model.video.scene import Window, fits, warped
from impasto.model.video.stillness import Change

KEPT = 0.75
"""Share that the photo of before has of what is still, against the noise of this one."""
WHOLE = 8
"""One frame of so many is painted whole, at least: light may change too slowly to be seen from one to the next, and the
statistics of a shot are those of whole frames."""
UNREST = 8
"""Frames for which a camera that has moved is not trusted to stand still: one in a hand does now and then."""


@dataclass(frozen=True)
class Level:
    """What the last frame leaves of a level of its strokes: the photo, as it was painted, and the painting of it.

    photo, painted: (h, w, 3) in [0, 1], in the window. age: frames since it was painted whole.
    """

    window: Window
    photo: Floats
    painted: Floats
    age: int = 0


@dataclass
class Shot:
    """What the frames of a shot take over from one another.

    place: from the last one to the scene, in shares of its sides.
    unrest: frames until the camera is taken for one that stands still, if it does.
    held: the statistics of each level. levels: of the last frame.
    """

    place: Affine = field(default_factory=lambda: np.eye(3))
    unrest: int = 0
    held: dict[int, Held] = field(default_factory=dict)
    levels: dict[int, Level] = field(default_factory=dict)


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
        self._colors: Histogram | None = None
        self._begin()

    def paint(self, photo: Picture, vector: Tensor) -> Picture:
        """The next frame in a style or a blend, as its vector (E,). Raises as `Stylizer.stylize` does."""
        painted = self.again(photo, vector)
        return painted or self.keep(photo, vector, self._stylize(photo, vector, moving=self.next(photo, vector)))

    def again(self, photo: Picture, vector: Tensor) -> Picture | None:
        """The painting of the last frame, where the next one is the same; else it is to be painted."""
        last = self._last
        return last.painting if last and last.vector.equal(vector) and _same(last.photo, photo) else None

    def next(self, photo: Picture, vector: Tensor) -> Moving:
        """What the next frame takes over from those before it, for whoever paints it and then gives it to `keep`."""
        last, before, self._colors = self._last, self._colors, histogram(photo.pixels)
        if last and before is not None and (last.photo.size != photo.size or is_cut(before, self._colors)):
            self._begin()
        shot, (camera, flow) = self._shot, self._look(photo)
        rested = not shot.unrest  # before this frame, which is painted whole where the scene is laid anew for it
        shot.unrest = max(shot.unrest - 1, 0) if np.array_equal(camera, np.eye(3)) else UNREST
        place = shot.place @ camera
        shot.place = place if shot.unrest and fits(place, photo.size[::-1]) else np.eye(3)
        may_stay = last is not None and last.vector.equal(vector) and rested and not shot.unrest
        return _Frame(shot, camera, flow, may_stay, self._config)

    def keep(self, photo: Picture, vector: Tensor, painting: Picture) -> Picture:
        """The painting of the next frame, which those after it follow."""
        self._last = Painted(photo, vector, painting)
        return painting

    def _begin(self) -> None:
        self._shot, self._camera, self._motion = Shot(), Camera(), Motion()

    def _look(self, photo: Picture) -> tuple[Affine, Flow | None]:
        """How the camera has moved since the last frame, and what else has, where that is wanted."""
        camera = self._camera.next(photo.pixels)
        flow = self._motion.next(photo.pixels) if self._config.flow else None
        return camera, flow and flow.besides(camera)

    def state(self) -> dict[str, Tensor]:
        """All that the next frame takes over, to go on from later; nothing before the first frame."""
        if self._last is None:
            return {}
        shot, last = self._shot, self._last
        tensors = {
            "place": torch.from_numpy(shot.place),
            "unrest": torch.tensor(shot.unrest),
            "vector": last.vector,
            "photo": last.photo.pixels,
            "painting": last.painting.pixels,
        }
        if last.photo.alpha is not None:
            tensors["alpha"] = last.photo.alpha
        tensors |= {f"held {number}": held.moments for number, held in shot.held.items() if held.moments is not None}
        for number, level in shot.levels.items():
            tensors[f"window {number}"] = torch.from_numpy(level.window.place)
            tensors[f"frame {number}"] = torch.tensor(level.window.frame)
            tensors[f"age {number}"] = torch.tensor(level.age)
            tensors[f"level {number}"] = torch.from_numpy(np.stack([level.photo, level.painted]))
        return tensors

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a `state`."""
        if not tensors:
            return
        photo, painting = (Picture(tensors[name], tensors.get("alpha")) for name in ("photo", "painting"))
        self._last, self._colors = Painted(photo, tensors["vector"], painting), histogram(photo.pixels)
        self._begin()
        self._look(photo)
        shot = self._shot
        shot.place, shot.unrest = tensors["place"].numpy(), int(tensors["unrest"])
        for key, value in tensors.items():
            match key.split():
                case ["held", number]:
                    shot.held[int(number)] = Held(self._config.pace, value)
                case ["level", number]:
                    pixels, painted = value.numpy()
                    height, width = tensors[f"frame {number}"].tolist()
                    window = Window(tensors[f"window {number}"].numpy(), (height, width), pixels.shape[:2])
                    shot.levels[int(number)] = Level(window, pixels, painted, int(tensors[f"age {number}"]))


@dataclass
class _Frame:
    """A frame that is painted now, as `Moving`.

    camera: from it to the one before, in shares of its sides. flow: what else moves.
    may_stay: whether what is still may stay as it was painted: the style is the same, and the camera stands still.
    """

    shot: Shot
    camera: Affine
    flow: Flow | None
    may_stay: bool
    config: MotionConfig
    pixels: int = 0

    def paint(self, level: int, images: Tensor, paint: Paint) -> Tensor:
        window = Window.of(self.shot.place, (images.shape[2], images.shape[3]))
        photo, last = window.into(_pixels(images)), self.shot.levels.get(level)
        network = partial(self._painted, level, paint, images.device)
        if last is None:
            new = Level(window, photo, network(photo))
        else:
            place = window.from_before(last.window, self.camera)
            before = replace(
                last,
                window=window,
                photo=warped(last.photo, place, window.size),
                painted=warped(last.painted, place, window.size),
            )
            new = self._after(before, photo, network)
        self.shot.levels[level] = new
        return _images(window.out_of(new.painted)).to(images.device)

    def _after(self, before: Level, photo: Floats, network: Callable[..., Floats]) -> Level:
        """The next frame's level, after that of the one before, as it is seen in the window of this one.

        network: `_painted` of this level. Parts of a frame are written into what is given of the one before.
        """
        change, whole = Change.between(photo, before.photo), Part.whole(before.window.size)
        still = visible = change.still
        painted_before = before.painted
        if self.flow:
            flow = before.window.flow(self.flow)
            still = still * ~flow.moved.any(axis=-1)
            visible, painted_before = np.maximum(still, flow.visible), flow.carry(painted_before)

        def anew(part: Part) -> tuple[Floats, Floats]:
            own = mixed(part.of(photo), part.of(before.photo), KEPT * part.of(still))
            painted = network(own, held=part != whole)
            return own, carried(painted, part.of(painted_before), self.config.carried * part.of(visible))

        parts = changed(change) if self.may_stay and before.age + 1 < WHOLE else [whole]
        if parts == [whole]:
            return Level(before.window, *anew(whole))
        for part, (own, painted) in [(part, anew(part)) for part in parts]:  # all are painted before any is written
            part.put(own, before.photo)
            part.put(painted, before.painted)
        return replace(before, age=before.age + 1)

    def _painted(self, level: int, paint: Paint, device: torch.device, photo: Floats, *, held: bool = False) -> Floats:
        """A photo (h, w, 3) as it is painted; held: by the statistics of the shot as they are."""
        self.pixels += photo.shape[0] * photo.shape[1]
        known = self.shot.held.setdefault(level, Held(self.config.pace))
        return _pixels(paint(_images(photo).to(device), replace(known, pace=0) if held else known))


def _pixels(images: Tensor) -> Floats:
    """(1, 3, h, w) as (h, w, 3)."""
    pixels = as_pixels(images.cpu(), (0, 0, 0, 0), less=0.0)
    return np.ascontiguousarray(pixels[0].permute(1, 2, 0).numpy())


def _images(pixels: Floats) -> Tensor:
    """(h, w, 3) as (1, 3, h, w)."""
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


def _same(one: Picture, other: Picture) -> bool:
    if one.alpha is None or other.alpha is None:
        return one.alpha is other.alpha and one.pixels.equal(other.pixels)
    return one.pixels.equal(other.pixels) and one.alpha.equal(other.alpha)
