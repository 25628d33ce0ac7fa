"""What is known of how a style came to be; it travels in the header of its pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

Grade = Literal["good", "fair", "poor"]
"""How good a fit can be; see `model/fitting/verdict.py`."""
Effort = Literal["none", "quick", "full"]
"""How well a style is to be fitted. none: it is what is predicted of its painting."""
Name = Annotated[str, Field(pattern="^[a-z_]{1,64}$")]
Measure = Annotated[float, Field(strict=True, allow_inf_nan=False)]


@dataclass(frozen=True)
class FitRecord:
    """How a style was fitted, and how well.

    passes: over the photos. losses, artefacts: as measured at the end.
    grade: None for a style that was trained with its network. message: what it means.
    config: everything that was chosen, to be read by people.
    """

    passes: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    losses: Mapping[Name, Measure] = field(default_factory=dict)
    artefacts: Mapping[Name, Measure] = field(default_factory=dict)
    grade: Grade | None = None
    message: Annotated[str, Field(max_length=1000)] = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> FitRecord:
        """The record from plain JSON values. Raises ValueError."""
        return _RECORD.validate_python(values)


_RECORD = TypeAdapter(FitRecord)
