"""Regions of a picture, each with a style, a strength, colours and strokes of its own.

All styles are painted in one pass, by a map of which has which share of each place (`model/network/style_map.py`);
where strokes differ, in one for each size of them. Strength and colours are maps for whoever finishes the painting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from impasto.model.errors import InvalidValue
from impasto.model.network.style_map import StyleMap, Styles
from impasto.model.painting.finish import Share, check_strength
from impasto.model.painting.masks import FINEST, blurred, rounded, stretched
from impasto.model.painting.stroke import Stroke, check_stroke
from impasto.model.pictures.planes import Size
from impasto.model.pictures.resize import within

MOST_REGIONS = 8
TRUNK = 4
"""How many of a picture's pixels the deepest features' are high and wide."""
FEATHER = 8
"""Pixels of those features over which one style becomes another, at least: a harder edge would be seen as one."""
SOFT = 1024
"""Pixels of a longer side. In features of more, a border is as soft as in these; in a picture of any size, one size of
strokes becomes another as in one of so many."""


class Manner(Protocol):
    """How something is painted, whatever its style: options of a request, arguments of a command, a recipe."""

    @property
    def strength(self) -> float: ...
    @property
    def preserve_color(self) -> bool: ...
    @property
    def stroke(self) -> Stroke: ...


@dataclass(frozen=True)
class Look:
    """How something is painted: a style vector (E,), the rest as `Stylizer.stylize` takes it. Raises InvalidValue."""

    style_vector: Tensor
    strength: float = 1.0
    preserve_color: bool = False
    stroke: Stroke = 1.0

    @classmethod
    def of(cls, style_vector: Tensor, manner: Manner) -> Look:
        """A style (E,) in that manner."""
        return cls(style_vector, manner.strength, manner.preserve_color, manner.stroke)

    def __post_init__(self) -> None:
        check_strength(self.strength)
        check_stroke(self.stroke)


@dataclass(frozen=True)
class Region:
    """mask: (h, w), uint8, stretched over the picture: 255 where a place belongs to the region."""

    mask: Tensor
    look: Look


class Regions:
    """Who has which share of each place of a picture.

    Regions that overlap share a place in proportion to their masks, in whatever order they are named. What they leave
    is the rest's, or stays the photo where there is none. An empty mask is no region.

    size: height and width of the picture. rest: how it is painted where no region is; None: not at all.
    by_region: normalize each region by its own statistics, see `StyleMap`.
    """

    def __init__(
        self, size: Size, regions: Sequence[Region], rest: Look | None = None, *, by_region: bool = False
    ) -> None:
        if not regions:
            raise InvalidValue("there is no region")
        masks = [rounded(stretched(each.mask[None], within(size, FINEST))[0]) for each in regions]  # there may be eight
        covered = reduce(torch.add, masks, torch.zeros(()))
        shares = [rounded(mask * (255 / covered.clamp(min=255))) for mask in masks]
        left = rounded((255 - covered).clamp_(min=0))
        left[left == 1] = 0  # two masks that are meant to leave nothing, each rounded
        self._masks = torch.stack([*shares, left])
        self._looks = [*(each.look for each in regions), rest]
        there = zip(self._looks, self._masks, strict=True)
        self._painted = {n: look for n, (look, mask) in enumerate(there) if look and look.strength > 0 and mask.any()}
        self._size, self.by_region = size, by_region

    @property
    def vectors(self) -> Tensor:
        """The styles that are painted, (K, E)."""
        return torch.stack([look.style_vector for look in self._painted.values()])

    def shares(self, size: Size) -> Tensor:
        """Of those styles, (K, h, w), for a picture that is painted in that size: as `StyleMap` has them.

        Where none of them is, they are as in the whole picture.
        """
        masks = self._soft(size, list(self._painted))
        total, everywhere = masks.sum(0), masks.mean(dim=(1, 2)) + 1e-9
        return torch.where(total > 0, masks / total, (everywhere / everywhere.sum())[:, None, None])

    def palettes(self, size: Size) -> tuple[Tensor, Tensor]:
        """What stands for styles in all that has a look, painted or not, (K, E), and how far each place belongs to it,
        (K, h, w) in [0, 1], for a picture of that size: of sum 1 but where the photo stays for itself."""
        there = {n: look for n, look in enumerate(self._looks) if look and self._masks[n].any()}
        return torch.stack([look.style_vector for look in there.values()]), self._soft(size, list(there)) / 255

    def _soft(self, size: Size, layers: list[int]) -> Tensor:
        """The masks of some layers, blurred, for a picture that is painted in that size."""
        trunk = within((-(-size[0] // TRUNK), -(-size[1] // TRUNK)), SOFT)
        return blurred(torch.cat([stretched(self._masks[n : n + 1], trunk) for n in layers]), FEATHER)

    @property
    def strokes(self) -> list[Stroke]:
        """Every size of strokes that is painted, each in a pass of its own; none where all stays the photo."""
        return strokes_of(list(self._painted.values()))

    def painted_with(self, stroke: Stroke) -> Share:
        """Where strokes have that size: larger ones become smaller ones as softly as a style becomes another."""
        alike = [float(look.stroke == stroke) for look in self._painted.values()]
        if all(alike):
            return 1.0
        return torch.einsum("k,khw->hw", torch.tensor(alike), self.shares(within(self._size, SOFT)))[None]

    @property
    def strength(self) -> Share:
        """How strong the painting is; 0 where the photo stays."""
        return self._mean({n: look.strength if look else 0.0 for n, look in enumerate(self._looks)})

    @property
    def preserve_color(self) -> Share:
        """Where the photo's colours are kept."""
        return self._mean({n: float(look.preserve_color) for n, look in self._painted.items()})

    def _mean(self, values: dict[int, float]) -> Share:
        """Of values of some layers, at each place; a number where they are all the same."""
        present = {n: value for n, value in values.items() if self._masks[n].any()} or values
        if len(set(present.values())) == 1:
            return next(iter(present.values()))
        weighed, total = torch.zeros(2, *self._masks.shape[1:])
        for n, value in present.items():
            weighed += value * self._masks[n]
            total += self._masks[n]
        share: Tensor = weighed / total.clamp(min=1)
        return share[None]


def strokes_of(looks: Sequence[Look]) -> list[Stroke]:
    """The sizes of strokes in which is painted what looks so: those of a strength above 0."""
    return list(dict.fromkeys(look.stroke for look in looks if look.strength > 0))


def placed(styles: Sequence[Tensor | Regions], size: Size) -> Styles:
    """The styles of a batch of pictures that are painted in that size: each has one, as its vector (E,), or regions.

    Vectors where each has one style everywhere, else maps.
    """
    vectors = [each.vectors if isinstance(each, Regions) else each[None] for each in styles]
    shares = [each.shares(size) if isinstance(each, Regions) else torch.ones(1, 1, 1) for each in styles]
    everywhere = [each.eq(1).flatten(1).all(dim=1) for each in shares]
    if all(each.any() for each in everywhere):
        return torch.cat([own[here][:1] for own, here in zip(vectors, everywhere, strict=True)])
    height, width = (max(each.shape[axis] for each in shares) for axis in (1, 2))
    filled = torch.zeros(len(styles), max(map(len, vectors)), height, width)
    for row, share in zip(filled, shares, strict=True):
        row[: len(share)] = share
    by_region = any(each.by_region for each in styles if isinstance(each, Regions))
    return StyleMap(pad_sequence(vectors, batch_first=True), filled, by_region)
