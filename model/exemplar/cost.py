"""How long it takes, known before it is begun: what is multiplied, at the pace of the machine that it was measured on.

That is two cores of an AMD EPYC (Milan, AVX2); others have their own pace. Patches that sketches tell apart
are not multiplied, which saves a fifth for most pictures, and nothing for noise. Sizes are heights and widths. What
cannot be made, because a window is larger than its exemplar, takes no time.
"""

from __future__ import annotations

from math import prod

from impasto.model.exemplar.analogies import BEFORE, COARSE, FINE, levels_of
from impasto.model.exemplar.config import (
    AnalogyConfig,
    MethodConfig,
    QuiltingConfig,
    SamplingConfig,
    TransferConfig,
)
from impasto.model.exemplar.quilting import passes

Size = tuple[int, int]

PIECES, WINDOWS, ANALOGIES, COHERENCE = 30e9, 50e9, 25e9, 2e9
"""Multiplications a second: of quilts, of sampling, of analogies, and of what is chosen among neighbours."""


def of_texture(exemplar: Size, made: Size, config: MethodConfig) -> float:
    """Seconds of a texture of a size."""
    if isinstance(config, QuiltingConfig):
        return _quilt(exemplar, made, config) / PIECES
    if isinstance(config, SamplingConfig):
        return prod(made) * _places(exemplar, config.window) * 4 * config.window**2 / WINDOWS
    there = _places(exemplar, config.window) > 0
    return there * prod(made) * config.passes * 3 * config.window**4 / COHERENCE


def of_transfer(texture: Size, photo: Size, config: TransferConfig) -> float:
    """Seconds of a photo of pieces of a texture."""
    first, *others = passes(config)
    found = _quilt(texture, photo, first, 1) + sum(_quilt(texture, photo, pieces, 4) for pieces in others)
    return found / PIECES


def of_analogy(a: Size, b: Size, config: AnalogyConfig) -> float:
    """Seconds of an analogy."""
    levels = levels_of(a, b, config)
    numbers = (len(FINE) + len(BEFORE) + 2 * len(COARSE)) * (1 if config.compare == "brightness" else 3)
    return sum(prod(_halved(a, times)) * prod(_halved(b, times)) for times in range(levels)) * numbers / ANALOGIES


def _quilt(exemplar: Size, made: Size, config: QuiltingConfig, like: int = 0) -> float:
    """Multiplications of a quilt. like: numbers of each pixel of a piece that are compared beside its edges."""
    edge = config.block**2 - (config.block - config.shared) ** 2
    numbers = 4 * edge + like * config.block**2
    return prod(map(config.pieces, made)) * _places(exemplar, config.block) * numbers


def _places(exemplar: Size, window: int) -> int:
    return prod(max(0, side - window + 1) for side in exemplar)


def _halved(size: Size, times: int) -> Size:
    height, width = (max(1, side >> times) for side in size)
    return height, width
