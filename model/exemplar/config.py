"""What can be chosen of pictures that are made of an exemplar's own pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from impasto.model.errors import InvalidValue

TextureMethod = Literal["quilting", "sampling", "coherence"]
"""How a texture is made of an exemplar. quilting: of pieces, cut where they fit (Efros, Freeman, 2001). sampling: pixel
by pixel, of all windows that fit (Efros, Leung, 1999). coherence: pixel by pixel, each beside one that lies beside it
in the exemplar too (Ashikhmin, 2001)."""


@dataclass(frozen=True)
class QuiltingConfig:
    """How pieces are chosen and put together."""

    block: int = 36
    """Pixels on a side of a piece: more than the largest thing that is repeated."""
    overlap: int | None = None
    """Pixels by which pieces overlap, at most half a piece. None: a sixth of it."""
    tolerance: float = 0.1
    """Any piece is good enough that fits worse than the best by no more than this share: less repeats, more shows."""
    size: int = 512
    """Longest side in pixels of the exemplar, to which larger ones are reduced."""

    def __post_init__(self) -> None:
        if self.block < 2:
            raise InvalidValue("a piece has at least 2 pixels on a side")
        if not 1 <= self.shared <= self.block // 2:
            raise InvalidValue(f"pieces of {self.block} pixels overlap by 1 to {self.block // 2}, not {self.overlap}")
        _check_tolerance(self.tolerance)

    @property
    def shared(self) -> int:
        """Pixels by which pieces overlap."""
        return max(1, round(self.block / 6)) if self.overlap is None else self.overlap

    def pieces(self, side: int) -> int:
        """That lie along so many pixels."""
        return max(1, -(-(side - self.shared) // (self.block - self.shared)))


@dataclass(frozen=True)
class SamplingConfig:
    """How pixels are chosen."""

    window: int = 11
    """Pixels on a side of what is compared around a pixel: more than the largest thing that is repeated. An odd
    number."""
    tolerance: float = 0.1
    """Any window is good enough that fits worse than the best by no more than this share."""
    size: int = 128
    """Longest side in pixels of the exemplar, to which larger ones are reduced: it takes time with its square."""

    def __post_init__(self) -> None:
        _check_window(self.window)
        _check_tolerance(self.tolerance)


@dataclass(frozen=True)
class CoherenceConfig:
    """How pixels are chosen."""

    window: int = 5
    """Pixels on a side of what is compared around a pixel, and of where candidates come from. An odd number."""
    passes: int = 3
    """Times that every pixel is chosen; from the second one on it is compared on all sides."""
    size: int = 512
    """Longest side in pixels of the exemplar, to which larger ones are reduced."""

    def __post_init__(self) -> None:
        _check_window(self.window)
        if self.passes < 1:
            raise InvalidValue("there is at least one pass")


MethodConfig = QuiltingConfig | SamplingConfig | CoherenceConfig
"""How a texture is made, by each method."""
METHODS: dict[TextureMethod, type[MethodConfig]] = {
    "quilting": QuiltingConfig,
    "sampling": SamplingConfig,
    "coherence": CoherenceConfig,
}


@dataclass(frozen=True)
class TransferConfig:
    """How a photo is made of pieces of a texture."""

    block: int = 36
    """Pixels on a side of a piece of the first pass."""
    overlap: int | None = None
    """Pixels by which those overlap, at most half a piece. None: a sixth of it, as in later passes."""
    tolerance: float = 0.1
    """Any piece is good enough that fits worse than the best by no more than this share."""
    passes: int = 3
    """Times that the picture is made, each time of pieces two thirds as large, which fit one another more and the photo
    less."""
    size: int = 512
    """Longest side in pixels of the photo, to which larger ones are reduced."""
    texture_size: int = 256
    """Longest side in pixels of the texture, to which larger ones are reduced."""

    def __post_init__(self) -> None:
        _ = self.quilting
        if self.passes < 1:
            raise InvalidValue("there is at least one pass")

    @property
    def quilting(self) -> QuiltingConfig:
        """How the first pass is made."""
        return QuiltingConfig(self.block, self.overlap, self.tolerance, self.texture_size)


@dataclass(frozen=True)
class AnalogyConfig:
    """How pixels are chosen."""

    kappa: float = 2.0
    """How much worse a pixel may be for lying beside its neighbours in A′ too: 0.5 to 5 for textures, 2 to 25 for
    paintings; 0 takes what fits best."""
    compare: Literal["brightness", "color"] = "brightness"
    """What pixels are compared by: brightness, with that of A made like B's, or color, where A is a map of what is
    where."""
    levels: int | None = None
    """Sizes from coarse to fine, each twice the one before. None: as many as begin at 16 pixels or more."""
    size: int = 256
    """Longest side in pixels of all three pictures, to which larger ones are reduced: it takes time with its fourth
    power."""

    def __post_init__(self) -> None:
        if not 0 <= self.kappa < math.inf:
            raise InvalidValue("kappa is a number of at least 0")
        if self.levels is not None and self.levels < 1:
            raise InvalidValue("there is at least one level")


def _check_window(window: int) -> None:
    if window < 3 or window % 2 == 0:
        raise InvalidValue(f"a window has an odd number of pixels on a side, at least 3, not {window}")


def _check_tolerance(tolerance: float) -> None:
    if not 0 <= tolerance < math.inf:
        raise InvalidValue("tolerance is a number of at least 0")
