"""A film before it is painted: what is known of it, and its frames one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from impasto.model.errors import InvalidValue
from impasto.model.network.config import SMALLEST_SIDE
from impasto.model.pictures.images import TooSmall
from impasto.model.pictures.picture import Picture
from impasto.model.video.config import Limits


class VideoError(InvalidValue):
    """A film that cannot be painted."""


class NotAVideo(VideoError):
    """No film at all, or a broken one."""


class VideoTooLong(VideoError):
    """More seconds, frames or pixels than are allowed."""


class UnsupportedVideo(VideoError):
    """A film that is whole, but of a kind that is not read or written here."""


@dataclass(frozen=True)
class Clip:
    """What is known of a film.

    size: width and height in pixels, as it is shown. times: of every frame, in units of the time base, rising.
    end: when the last one ends. rate: frames a second, on average. sound: names of the codecs of its sound.
    pixel_aspect: width of a pixel relative to its height. loops: how often an animation is played; 0 is for ever.
    """

    size: tuple[int, int]
    times: tuple[int, ...]
    end: int
    time_base: Fraction
    rate: Fraction
    sound: tuple[str, ...] = ()
    pixel_aspect: Fraction = Fraction(1)
    loops: int = 0

    @property
    def seconds(self) -> float:
        """From the first frame's begin to the last one's end."""
        return float((self.end - self.times[0]) * self.time_base)

    def share(self, time: int) -> float:
        """How far into the film a time is: 0 at the first frame, 1 at the last."""
        first, last = self.times[0], self.times[-1]
        return min(1.0, max(0.0, (time - first) / (last - first))) if last > first else 0.0


@dataclass(frozen=True)
class Frame:
    """A frame, and when it is shown, in units of the clip's time base."""

    picture: Picture
    time: int


class Source(Protocol):
    """A film's file."""

    @property
    def clip(self) -> Clip:
        """What is known of it."""

    def frames(self, first: int = 0) -> Iterator[Frame]:
        """Its frames from the one of this number on. Raises NotAVideo where the file is broken."""


def check(clip: Clip, limits: Limits, name: Path | str) -> None:
    """Raises VideoTooLong, TooSmall."""
    check_size(clip.size, limits, name)
    check_length(clip.seconds, len(clip.times), limits, name)


def check_size(size: tuple[int, int], limits: Limits, name: Path | str) -> None:
    """Raises VideoTooLong, TooSmall."""
    width, height = size
    if min(size) < SMALLEST_SIDE:
        raise TooSmall(f"{name}: frames are {width} × {height} pixels; both sides must be at least {SMALLEST_SIDE}")
    if width * height > limits.pixels:
        raise VideoTooLong(f"{name}: frames of {width} × {height} pixels; at most {limits.pixels:,} pixels are painted")


def check_length(seconds: float, frames: int, limits: Limits, name: Path | str) -> None:
    """Raises VideoTooLong."""
    if seconds > limits.seconds:
        raise VideoTooLong(f"{name} takes {_clock(seconds)}; at most {_clock(limits.seconds)} are painted")
    if frames > limits.frames:
        raise VideoTooLong(f"{name} has {frames:,} frames; at most {limits.frames:,} are painted")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"
