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
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import reduced, resample

Size = tuple[int, int]
"""Height and width in pixels."""

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
    return Canvas(resample(picture.rgb[None], *finest)[0].clamp_(0, 1), sizes)


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
    painted = paint(resample(photos, *sizes[0]).clamp(0, 1))
    for level, (below, size) in enumerate(pairwise(sizes), start=1):
        seen = _scaled(below, config.seen)
        photo = resample(photos, *size)
        photo_below = resample(photo, *below)
        fine = paint((photo + resample(resample(painted - photo_below, *seen), *size)).clamp_(0, 1))
        fine_below = resample(fine, *below)
        if level == 1:
            coarse = painted + config.again * _unseen(fine_below - photo_below, seen)
        else:
            coarse = painted + _unseen(fine_below - painted, seen)
        strength = config.fine**level
        coarse = coarse - photo_below.lerp(fine_below, strength)
        painted = photo.lerp(fine, strength).add_(_enlarged(coarse, size)).clamp_(0, 1)
    return painted


def _enlarged(images: Tensor, size: Size) -> Tensor:
    """Larger images that, made as small again, are nearly these: bicubic kernels alone lose half of the finest lines.

    One step of M. Irani, S. Peleg, "Improving Resolution by Image Registration" (1991), where it is repeated.
    """
    lost = images - resample(resample(images, *size), *images.shape[2:])
    return resample(images + lost, *size)


def _unseen(images: Tensor, seen: Size) -> Tensor:
    """What is lost of images when they are as small as what is seen."""
    return images - resample(resample(images, *seen), *images.shape[2:])
