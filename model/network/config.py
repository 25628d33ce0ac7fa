"""What can be said of a network without loading it: its shape, its strokes, its precision, where the shipped one is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

SMALLEST_SIDE = 32
"""Pixels. Below it the deepest feature maps are too small to normalize."""


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a network; the defaults are the paper's.

    widths: channels of the encoding convolutions, of features as large as the photo, half and a quarter as large; the
        decoder mirrors them. Of two, nothing but the photo is as large as the photo: the first convolution halves it,
        the last doubles (`SMALL`).
    residual_blocks: number of residual blocks between encoder and decoder.
    """

    widths: tuple[int, int, int] | tuple[int, int] = (32, 64, 128)
    residual_blocks: int = 5


SMALL = NetworkConfig(widths=(32, 64))
"""For processors without matrix units, phones and browsers, on which features as large as the photo take the time."""


@dataclass(frozen=True)
class StrokeConfig:
    """How a network whose strokes are always of some pixels paints strokes of one size, relative to the picture.

    It paints coarse to fine (`model/painting/ladder.py`); docs/strokes.md shows how the numbers were found.

    canonical: longer side in pixels of the pictures in which its strokes have the right size.
    finest: longest side in pixels that it paints; what is larger is enlarged (`model/painting/enlarging.py`).
    seen: share of a level's resolution up to which the next one is given what is painted, and not the photo.
    again: how much of the strokes that the second paints between there and the first one's resolution is added to those
        of the first; further levels replace what is there.
    fine: how strong what is painted beyond the first level's resolution is, against the photo's detail; beyond the
        second's its square, and so on: the finer strokes are, the less of them.
    radius, noise: of the windows in which an enlargement fits the painting to the photo, pixels from the middle, and
        the variance of brightness there below which the photo shows nothing.
    """

    canonical: int = 512
    finest: int = 2048
    seen: float = 0.5
    again: float = 0.4
    fine: float = 0.85
    radius: int = 2
    noise: float = 1e-3

    def __post_init__(self) -> None:
        shares = self.again, self.fine
        if not (SMALLEST_SIDE <= self.canonical <= self.finest and all(0 <= share <= 1 for share in shares)):
            limits = f"{SMALLEST_SIDE} ≤ canonical ≤ finest, again and fine from 0 to 1"
            raise ValueError(f"strokes need {limits}; this is {self}")
        if not 0 < self.seen <= 1:
            raise ValueError(f"strokes need 0 < seen ≤ 1; this is {self}")
        if self.radius < 1 or not self.noise > 0:
            raise ValueError(f"strokes need a radius of at least 1 and noise above 0; this is {self}")

    @property
    def coarse(self) -> StrokeConfig:
        """Of a picture of which only the first level is painted, whatever its size: its colours and light are there."""
        return replace(self, finest=self.canonical)


Which = Literal["large", "small"]
"""Of the two networks that a checkpoint may have: the one that paints best, or the one that learned from it, and takes
a fraction of the time."""

Precision = Literal["auto", "float32", "bfloat16", "float16"]

Whose = Literal["picture", "region"]
"""Whose statistics normalize a region: those of the whole picture, which leaves no seam, or its own."""

SHIPPED = Path(__file__).parent / "weights" / "impasto.safetensors"
"""The network that comes with Impasto."""
