"""What can be chosen of painting a video."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.model.errors import InvalidValue


@dataclass(frozen=True)
class MotionConfig:
    """How a frame follows those before it."""

    every: int = 8
    """Frames between two that are measured anew (ReReVST, Wang et al. 2020, has this interval too)."""
    pace: float = 1 / 16
    """Share of the way to what was measured last that statistics go with each frame."""
    flow: bool = False
    """Carry what was painted along with what moves, by optical flow: much steadier, and slower."""
    carried: float = 0.6
    """Share that what was painted before has in a frame, where the same thing is seen."""

    def __post_init__(self) -> None:
        if self.every < 1 or not 0 <= self.pace <= 1 or not 0 <= self.carried < 1:
            raise InvalidValue("motion: every is at least 1; pace is from 0 to 1; carried is from 0 to below 1")


@dataclass(frozen=True)
class Limits:
    """The largest video that is begun."""

    seconds: float
    frames: int
    pixels: int
    """Of a frame."""
