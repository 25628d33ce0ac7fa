"""What can be chosen of one sound in the manner of another."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from impasto.model.errors import InvalidValue
from impasto.model.optimization.config import Stop


@dataclass(frozen=True)
class SoundConfig:
    """What is minimised, and how. The spectrogram is Ulyanov's and Lebedev's."""

    sample_rate: int = 22050
    """Samples a second of the sound that is made; both files are resampled to it."""
    window: int = 2048
    """Samples in which frequencies are told apart."""
    hop: int = 512
    """Samples from one frame of the spectrogram to the next."""
    filters: int = 2048
    """Random filters, each of which hears every frequency of 11 frames. With few, much sounds alike that is not."""
    stride: int = 2
    """Frames from one place where the filters listen to the next. Half of the places cost as much as half of the
    filters, and are worth more."""
    content_weight: float = 1.0
    """Of the content loss."""
    style_weight: float = 10.0
    """Of the style loss."""
    seed: int = 0
    """Of the filters."""
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    """lbfgs or adam."""
    stop: Stop = field(default_factory=lambda: Stop(steps=100))
    """When to stop."""

    def __post_init__(self) -> None:
        if not all(0 <= weight < math.inf for weight in (self.content_weight, self.style_weight)):
            raise InvalidValue("content-weight and style-weight are numbers of at least 0")
        if not 1000 <= self.sample_rate <= 384_000:
            raise InvalidValue("sample-rate is between 1,000 and 384,000 samples a second")
        if not (2 <= self.window <= 65536 and 1 <= self.hop <= self.window // 2):
            raise InvalidValue("window is between 2 and 65,536 samples, and hop at most half of it")
        if not (1 <= self.filters <= 65536 and 1 <= self.stride <= 64):
            raise InvalidValue("filters are between 1 and 65,536, and stride is between 1 and 64")
