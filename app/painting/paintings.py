"""What may be asked for of a photo, whatever the styles, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.model.errors import InvalidValue
from impasto.model.painting.stroke import Stroke
from impasto.model.pictures.picture import Picture


@dataclass(frozen=True)
class PaintOptions:
    """How a photo is painted, whatever the styles.

    size: longest side of the result in pixels; None: the photo's own, if allowed.
    strength, preserve_color, stroke, photorealistic: see `model/painting/stylizer.py`.
    """

    size: int | None = None
    strength: float = 1.0
    preserve_color: bool = False
    stroke: Stroke = 1.0
    photorealistic: bool = False


@dataclass(frozen=True)
class Paintings:
    """One photo's paintings: in several styles, or of all its frames.

    timing: seconds in decode, queue and inference. finished: when they were, of `time.perf_counter`.
    """

    pictures: list[Picture]
    timing: dict[str, float]
    finished: float


def check_longest(size: int | None, most: int | None) -> None:
    """Raises InvalidValue for a longest side of more pixels than results may have; None: any."""
    if size is not None and most is not None and size > most:
        raise InvalidValue(f"size: results have at most {most} pixels on their longest side")
