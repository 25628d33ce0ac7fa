"""Coarse to fine: strokes as large as the picture asks for, by a network whose strokes are always of some pixels.

A small picture is painted first, where strokes are large. Each further level enlarges it, puts back what the photo
shows beyond its resolution, and paints that; of what comes out, it takes only what is finer than the level before. So
large strokes stay, finer ones are added, and nothing is painted over twice (a Laplacian pyramid: P. Burt, E. Adelson,
"The Laplacian Pyramid as a Compact Image Code", 1983). Mixing each level's pixels with what it was given, the obvious
way, eats the photo where it is strong and loses the style where it is weak; docs/strokes.md compares.

The finest octave of a level is where both meet. The next level does not see it: enlarged, its grain would be painted as
a weave of lines. Of the first level it stays, with some of the strokes that are painted there again: a picture that is
seen as a whole shows nothing finer. Of the others it is painted anew, since from near it would look blurred. What stays
is enlarged so that it is there again when the picture is reduced: styles that live from lines of a pixel or two, such
as engravings, lose half of themselves otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from impasto.model.network.config import SMALLEST_SIDE, StrokeConfig
from impasto.model.painting.stroke import NATIVE, Stroke
from impasto.model.pictures.picture import Picture, to_planes
from impasto.model.pictures.planes import Size, resample, weighted_sum
from impasto.model.pictures.resize import reduced

CLOSE = 1.15
"""Sizes within this factor are painted in one pass: nobody sees that strokes are a seventh smaller."""


@dataclass(frozen=True)
class Canvas:
    """A photo as it is painted.

    photo: (3, H, W) of the finest level, float32 in [0, 1]; or uint8, where it is painted as it is.
    sizes: of all levels, coarse to fine.
    """

    photo: Tensor
    sizes: tuple[Size, ...]

    @property
    def pixels(self) -> int:
        """That the network has to paint, of all levels together."""
        return sum(math.prod(size) for size in self.sizes)

    def fits(self, other: Canvas) -> bool:
        """Whether both can be painted in one batch."""
        return self.sizes == other.sizes and self.photo.dtype == other.photo.dtype


def canvas(picture: Picture, stroke: Stroke, config: StrokeConfig) -> Canvas:
    """What a picture's strokes are painted on."""
    width, height = picture.size
    sizes = ladder((height, width), stroke, config)
    if sizes == ((height, width),):
        return Canvas(picture.pixels.permute(2, 0, 1), sizes)
    finest = sizes[-1]
    if max(finest) < max(picture.size):
        return Canvas(reduced(picture.pixels, *finest), sizes)
    photo = to_planes(picture.pixels)
    return Canvas(photo if finest == (height, width) else resample(photo[None], finest)[0].clamp_(0, 1), sizes)


def ladder(size: Size, stroke: Stroke, config: StrokeConfig) -> tuple[Size, ...]:
    """The sizes at which a picture is painted, coarse to fine, each about twice the one before.

    The first is the one in which the network's strokes are as large as asked for; a picture that is smaller is painted
    in one pass at a stroke of 1, and its strokes at others are so much larger or smaller. The last is the picture's own
    size, or as much of it as the network paints; or more, where strokes are finer than its pixels.
    """
    longest = max(size)
    if stroke == NATIVE:
        return (size,)
    least = longest * SMALLEST_SIDE / min(size)
    first = max(min(longest, config.canonical) / stroke, least)
    last = max(min(longest, config.finest), first)
    if first <= longest <= first * CLOSE:
        return (size,)
    steps = max(1, round(math.log2(last / first))) if last > first * CLOSE else 0
    sides = [first * (last / first) ** (step / steps) for step in range(steps)] + [last]
    return tuple(size if side == longest else _scaled(size, side / longest) for side in sides)


def _scaled(size: Size, factor: float) -> Size:
    height, width = (max(SMALLEST_SIDE, round(side * factor)) for side in size)
    return height, width


def climb(paint: Callable[[Tensor], Tensor], photos: Tensor, sizes: Sequence[Size], config: StrokeConfig) -> Tensor:
    """Photos (B, 3, H, W) of the finest size, in [0, 1], painted level by level -> (B, 3, H, W) in [0, 1].

    paint: what paints one level, (B, 3, h, w) -> (B, 3, h, w), both in [0, 1].
    """
    photos = photos.contiguous()
    painted = paint(weighted_sum((1, photos, sizes[0]), bounded=True))
    for level, (below, size) in enumerate(pairwise(sizes), start=1):
        seen = _scaled(below, config.seen)
        photo = resample(photos, size)
        photo_below = resample(photo, below)
        fine = paint(_given(photo, painted, photo_below, seen, size)).contiguous()
        fine_below = resample(fine, below)
        before, share = (photo_below, config.again) if level == 1 else (painted, 1.0)
        change = weighted_sum((1, fine_below), (-1, before))
        # what is not seen of the change is added to what is painted
        kept = weighted_sum((1, painted), (share, change), (-share, change, seen, below))
        strength = config.fine**level
        coarse = weighted_sum((1, kept), (strength - 1, photo_below), (-strength, fine_below))
        # Made as small again it is to be itself, where bicubic kernels alone lose half of the finest lines: one step of
        # M. Irani, S. Peleg, "Improving Resolution by Image Registration" (1991), where it is repeated.
        crisp = weighted_sum((2, coarse), (-1, coarse, size, below))
        painted = weighted_sum((1 - strength, photo), (strength, fine), (1, crisp, size), bounded=True)
    return painted


def _given(photo: Tensor, painted: Tensor, photo_below: Tensor, seen: Size, size: Size) -> Tensor:
    """What a level paints: the photo, where what is painted below differs from it as that."""
    change = weighted_sum((1, painted), (-1, photo_below))
    return weighted_sum((1, photo), (1, change, seen, size), bounded=True)
