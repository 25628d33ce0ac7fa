"""Styles outside the network: their names, their vectors, and blends of them."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a style id looks like: lower-case words joined by single hyphens."""

LONGEST_ID = 64
MOST_BLENDED = 8
"""Styles in one blend; more can hardly be told apart."""
WEIGHT_TOLERANCE = 1e-3


class UnknownStyle(LookupError):
    """There is no style of that id; `nearest` are the known ids that look most like it."""

    def __init__(self, style_id: str, known: Sequence[str]) -> None:
        self.style_id = style_id
        self.nearest = difflib.get_close_matches(style_id, known, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"unknown style {style_id!r}{hint}")


class InvalidWeights(ValueError):
    """The weights are no convex combination."""


@dataclass(frozen=True)
class Style:
    """What is known of a style besides its vector.

    source: where its painting is from.
    Raises ValueError for an id that is no slug.
    """

    id: str
    title: str
    artist: str = ""
    year: str = ""
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.id) or len(self.id) > LONGEST_ID:
            raise ValueError(
                f"a style id is lower-case letters and digits joined by hyphens, at most {LONGEST_ID}, not {self.id!r}"
            )


def slug(text: str) -> str:
    """The style id nearest to a text such as a file's name: "Sérusier (1888)" -> "serusier-1888".

    Raises ValueError when nothing is left.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # é is e and an accent: e
    result = "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:LONGEST_ID].strip("-")
    if not result:
        raise ValueError(f"no style id can be made of {text!r}: it has no letter a-z and no digit")
    return result


def convex(weights: Sequence[float]) -> list[float]:
    """Check weights and normalize them exactly: finite, at least 0, sum 1 ± 0.001.

    Raises InvalidWeights, naming the fault.
    """
    if not weights:
        raise InvalidWeights("a blend needs at least one weight")
    for position, weight in enumerate(weights, start=1):
        if not math.isfinite(weight):
            raise InvalidWeights(f"weight {position} is {weight}, not a finite number")
        if weight < 0:
            raise InvalidWeights(f"weight {position} is {weight:g}; weights are at least 0")
    total = sum(weights)  # of huge weights: inf, where fsum would raise
    if abs(total - 1) > WEIGHT_TOLERANCE:
        raise InvalidWeights(f"the weights sum to {total:g}; they must sum to 1 (± {WEIGHT_TOLERANCE:g})")
    return [weight / total for weight in weights]


def blend(vectors: Tensor, weights: Sequence[float]) -> Tensor:
    """The convex combination Σ wᵢ·vᵢ of style vectors (N, E) -> (E,).

    Raises InvalidWeights when the weights are no convex combination of N vectors.
    """
    if len(weights) != len(vectors):
        raise InvalidWeights(f"{len(weights)} weights for {len(vectors)} styles")
    return torch.tensor(convex(weights), dtype=vectors.dtype, device=vectors.device) @ vectors


class StyleTable:
    """The styles that can be painted: `styles[i]` has the style vector `vectors[i]`.

    vectors: (N, E), float32. Raises ValueError for a wrong shape or an id that stands twice.
    """

    def __init__(self, styles: Sequence[Style], vectors: Tensor) -> None:
        if vectors.ndim != 2 or len(vectors) != len(styles):
            raise ValueError(f"{len(styles)} styles need vectors ({len(styles)}, E), not {tuple(vectors.shape)}")
        self.styles = tuple(styles)
        self.vectors = vectors
        self._rows = {style.id: row for row, style in enumerate(styles)}
        if len(self._rows) != len(styles):
            raise ValueError("two styles have the same id")

    def __len__(self) -> int:
        return len(self.styles)

    def __contains__(self, style_id: object) -> bool:
        return style_id in self._rows

    def __getitem__(self, style_id: str) -> Style:
        return self.styles[self.row(style_id)]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._rows)

    def row(self, style_id: str) -> int:
        """The row of a style. Raises UnknownStyle, naming the nearest ids."""
        try:
            return self._rows[style_id]
        except KeyError:
            raise UnknownStyle(style_id, self.ids) from None

    def joined(self, styles: Sequence[Style], vectors: Sequence[Tensor]) -> StyleTable:
        """A table with more styles, of vectors (E,) each. Raises ValueError for an id that is there already."""
        more = [vector[None].to(self.vectors) for vector in vectors]
        return StyleTable([*self.styles, *styles], torch.cat([self.vectors, *more]))

    def blend(self, weights: Mapping[str, float]) -> Tensor:
        """The style vector (E,) of a blend, {style id: weight}.

        Raises UnknownStyle or InvalidWeights.
        """
        rows = [self.row(style_id) for style_id in weights]
        return blend(self.vectors[rows], list(weights.values()))
