"""The styles of a network with their vectors, found by their ids."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.styles.blend import blend
from impasto.model.styles.style import LONGEST_ID, Style


class UnknownStyle(ImpastoError, LookupError):
    """There is no style of that id; `nearest` are the known ids that look most like it."""

    def __init__(self, style_id: str, known: Sequence[str]) -> None:
        self.style_id = style_id = style_id[:LONGEST_ID]  # what is longer is none, and takes long to be compared
        self.nearest = difflib.get_close_matches(style_id, known, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"unknown style {style_id!r}{hint}")


class NoVector(ImpastoError, LookupError):
    """A style that is known has no vector for the network that is to paint it."""


class StyleTable:
    """The styles that can be painted: `styles[i]` has the style vector `vectors[i]`.

    vectors: (N, E), float32. lacking: ids of styles that are known, but which this network cannot paint.
    Raises InvalidValue for a wrong shape or an id that stands twice.
    """

    def __init__(self, styles: Sequence[Style], vectors: Tensor, *, lacking: Iterable[str] = ()) -> None:
        if vectors.ndim != 2 or len(vectors) != len(styles):
            raise InvalidValue(f"{len(styles)} styles need vectors ({len(styles)}, E), not {tuple(vectors.shape)}")
        self.styles = tuple(styles)
        self.vectors = vectors
        self.lacking = frozenset(lacking)
        self._rows = {style.id: row for row, style in enumerate(styles)}
        if len(self._rows) != len(styles):
            raise InvalidValue("two styles have the same id")

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
        """The row of a style. Raises NoVector; UnknownStyle, naming the nearest ids."""
        try:
            return self._rows[style_id]
        except KeyError:
            if style_id in self.lacking:
                raise NoVector(
                    f"{style_id} was fitted to the large network only; paint with that, or fit its painting again"
                ) from None
            raise UnknownStyle(style_id, self.ids) from None

    def beside(self, others: StyleTable) -> StyleTable:
        """This table, which knows that others paint styles that it does not."""
        return StyleTable(self.styles, self.vectors, lacking=set(others.ids) - set(self.ids))

    def joined(self, styles: Sequence[Style], vectors: Sequence[Tensor]) -> StyleTable:
        """A table with more styles, of vectors (E,) each. Raises InvalidValue for an id that is there already."""
        more = [vector[None].to(self.vectors) for vector in vectors]
        return StyleTable([*self.styles, *styles], torch.cat([self.vectors, *more]))

    def without(self, style_id: str) -> StyleTable:
        """A table with all other styles."""
        rows = [row for row, known in enumerate(self.ids) if known != style_id]
        return StyleTable([self.styles[row] for row in rows], self.vectors[rows])

    def blend(self, weights: Mapping[str, float]) -> Tensor:
        """The style vector (E,) of a blend, {style id: weight}.

        Raises UnknownStyle, NoVector or InvalidWeights.
        """
        return blend([self.vectors[self.row(style_id)] for style_id in weights], list(weights.values()))
