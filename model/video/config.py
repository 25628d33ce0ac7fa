"""What can be chosen of painting a video."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.model.errors import InvalidValue


@dataclass(frozen=True)
class MotionConfig:
    """How a frame follows those before it."""

    pace: float = 1 / 8
    """Share of the way to a frame's own statistics that those of its shot go with it, if it is painted whole."""
    flow: bool = False
    """Carry what was painted along with what moves, by optical flow: much steadier, and slower."""
    carried: float = 0.6
    """Share that what was painted before has in a frame, where the same thing is seen."""

    def __post_init__(self) -> None:
        if not 0 <= self.pace <= 1 or not 0 <= self.carried < 1:
            raise InvalidValue("motion: pace is from 0 to 1; carried is from 0 to below 1")


@dataclass(frozen=True)
class Limits:
    """The largest video that is begun."""

    seconds: float
    frames: int
    pixels: int
    """Of a frame."""
