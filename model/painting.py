"""A painting as a style is learned from it, and what it must have for that."""

from __future__ import annotations

from model import images
from model.images import ImageError, Picture

SMALLEST_SIDE = 128
"""Pixels: less has no brush strokes to learn."""
LONGEST_SIDE = 2048
"""Pixels that are kept; Gram matrices are measured at less."""
LONGEST_SHAPE = 4
"""Longer side over shorter: a scroll, brought to the usual shorter side, would take gigabytes to be measured."""
FLATTEST = 0.02
"""Standard deviation within a channel, of values in [0, 1], below which there is nothing on a picture."""


class UnusablePainting(ImageError):
    """A picture that has no style to learn."""


def read_painting(data: bytes, *, max_pixels: int | None = None) -> Picture:
    """A painting from a file, at most 2048 pixels long, with white where it is transparent.

    Raises UnusablePainting, with what to do, for one that is too small, too long, transparent or of one colour; and
    what `images.decode` raises.
    """
    width, height = images.size(data)
    if min(width, height) < SMALLEST_SIDE:
        raise UnusablePainting(
            f"the painting is {width} × {height} pixels; both sides must be at least {SMALLEST_SIDE}"
        )
    if max(width, height) > LONGEST_SHAPE * min(width, height):
        raise UnusablePainting(
            f"the painting is {width} × {height} pixels: longer than {LONGEST_SHAPE} times its width; send a part of it"
        )
    picture = images.decode(data, max_pixels=max_pixels, at_most=LONGEST_SIDE)
    if picture.alpha is not None and picture.alpha.max() == 0:
        raise UnusablePainting("the painting is fully transparent; send one with something on it")
    picture = picture.on_white()
    if picture.rgb.std(dim=(1, 2)).max() < FLATTEST:
        raise UnusablePainting("the painting is of one colour; send one with something on it")
    return picture
