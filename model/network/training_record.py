"""What is known of how a network came to be; it travels in the header of its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter

from impasto.model.perception.config import ObjectiveConfig

VERSION = 2
"""Version 1 had no number, and the objective within its configuration."""


@dataclass(frozen=True)
class TrainingRecord:
    """How a network was trained, and what was measured at the end.

    steps: updates of the network.
    objective: what was minimised; the defaults where an old checkpoint does not tell.
    losses, style_losses: averages over the last pictures, of all styles and of each.
    strengths: how strongly each style was applied, {style id: factor}.
    held_out: names of the photos kept out of training.
    started_from: name of the checkpoint that it started from.
    teacher: id of the network whose paintings it learned to paint.
    revision: commit of the code, if it was run from a checkout. torch: its version.
    config: everything that was chosen, to be read by people.
    """

    steps: int = 0
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    losses: Mapping[str, float] = field(default_factory=dict)
    style_losses: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    strengths: Mapping[str, float] = field(default_factory=dict)
    held_out: tuple[str, ...] = ()
    started_from: str | None = None
    teacher: str | None = None
    revision: str | None = None
    torch: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> TrainingRecord:
        """The record from plain JSON values of this version or the one before. Raises ValueError."""
        if not isinstance(values, dict):
            raise ValueError("its training record is no object")
        version = values.get("version", 1)
        if version == 1:
            values = {**values, "objective": values.get("config", {}).get("objective", {}), "version": VERSION}
        elif version != VERSION:
            raise ValueError(f"its training record has version {version}; this code reads {VERSION}. Update Impasto.")
        return _RECORD.validate_python(values)


_RECORD = TypeAdapter(TrainingRecord)
