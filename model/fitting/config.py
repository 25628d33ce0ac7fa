"""What can be chosen of a fit."""

from __future__ import annotations

from dataclasses import dataclass, field

from impasto.model.perception.config import BalanceConfig
from impasto.model.styles.fit_record import Effort

PASSES: dict[Effort, int] = {"none": 0, "quick": 1, "full": 12}
"""Most passes over the photos of a fit that begins at a prediction, or, with `full`, elsewhere."""


@dataclass(frozen=True)
class FitConfig:
    """How a style is fitted; it is written into its pack."""

    passes: int = PASSES["full"]
    """Times at the most that every photo is painted; with 0 the start is the end."""
    batch: int = 2
    """Photos an update."""
    learning_rate: float = 0.1
    """Adam's step size, from a known style."""
    learning_rate_near: float = 0.02
    """Adam's step size from what is predicted, which larger ones undo."""
    settled: float = 0.03
    """Share by which two passes must lower C + D for the fit to go on."""
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    """How strongly the painting is applied."""
    seed: int = 0
    """Of the order of the photos."""
