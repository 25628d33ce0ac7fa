"""What `impasto paint --frames all` does with a photo that moves: every frame is painted, each as those before it."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import cast

from torch import Tensor

from impasto.model.painting.stylizer import Stylizer
from impasto.model.painting.tiles import Progress
from impasto.model.pictures import images
from impasto.model.pictures.images import ImageError
from impasto.model.pictures.picture import MovingFormat
from impasto.model.video import animation
from impasto.model.video.animation import Animation, SinglePicture, check_all_fit, encode, may_move
from impasto.model.video.clip import UnsupportedVideo, VideoError
from impasto.model.video.config import Limits, MotionConfig
from impasto.scripts.paint import Wanted
from impasto.scripts.pictures import STREAM

FORMATS = {suffix: cast(MovingFormat, written.lower()) for suffix, written in animation.FORMATS.items()}
ANY = Limits(seconds=math.inf, frames=10**9, pixels=64_000_000)
"""What is begun: all frames are to fit into the memory."""


def opened(data: bytes, photo: Path) -> Animation | None:
    """A photo that moves; None: it stands still. Raises NotAVideo, VideoTooLong, TooSmall."""
    try:
        return Animation(io.BytesIO(data), ANY, str(photo)) if may_move(data[:16]) else None
    except SinglePicture:
        return None


def moves(photo: Path) -> bool:
    """Whether a file is a picture that moves, as far as its header tells."""
    try:
        return Animation(photo, ANY).count > 1
    except (VideoError, ImageError, OSError):  # the last of what is no file, or is none any more
        return False


def paint(
    photo: Animation, target: Path, vector: Tensor, stylizer: Stylizer, wanted: Wanted, progress: Progress
) -> bytes:
    """All frames in a style (E,), as a file of the format that the target's name says.

    Raises VideoError, TooSmall, OutOfMemory.
    """
    from impasto.model.video.continuity import Continuity  # which needs the packages of films

    written = photo.format if target == STREAM else FORMATS.get(target.suffix.lower())
    if written is None:
        raise UnsupportedVideo(f"{target}: what moves is written as {', '.join(FORMATS)}")
    size = images.scaled(photo.size, wanted.size or max(photo.size))
    check_all_fit(size, photo.count, target)
    look = {name: getattr(wanted, name) for name in ("strength", "preserve_color", "stroke")}
    continuity = Continuity(stylizer, MotionConfig(), **look)
    paintings = []
    for frame in photo.frames(size=size):
        paintings.append(continuity.paint(frame.picture, vector))
        progress(len(paintings) / photo.count)
    return encode(paintings, photo.clip, written, quality=wanted.quality)
