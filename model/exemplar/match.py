"""Which patch of an exemplar is most like what is known of another one: the sum of squared differences, all at once.

Σ m (x - t)² = Σ m x² - 2 Σ m t x + Σ m t² is one matrix product of what is sought (m and -2 m t) with the patches (x²
and x). Where differences nearly cancel, less than float32 would leave nothing of it, and even its last bits would
depend on how many threads added up, and in which order. So every number is rounded to an integer, as fine as its
weight allows with no sum above 2²⁴: float32 holds all of these, and whoever adds them, in whatever order, on whatever
machine, finds the same patch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.exemplar import search
from impasto.model.exemplar.sketch import FINE, SAMPLE, Sketches, principal

LARGEST = 2.0**24
"""Up to it float32 has every integer."""
TOGETHER = 16_000_000
"""Differences of patches that are held at once, if those of one patch that is sought are no more."""
CHUNK = 4_000_000
"""Numbers of patches that are multiplied at once, if those of one are no more."""
PAGE, APART = 1024, 144
"""Numbers. Caches hold few that lie a multiple of the first apart, so that planes begin by the second beyond one."""
KEPT = 128_000_000
"""Numbers of patches that are kept as the product takes them."""


@dataclass(frozen=True)
class Part:
    """One of the things that patches are compared by.

    channels: (C, H, W), values in [0, 1].
    offsets: (P, 2): rows and columns of the places that are compared, from a patch's upper left corner, at least 0.
    weights: (P, C): what a squared difference counts there.
    masked: whether of what is sought only some places are known.
    """

    channels: Tensor
    offsets: Tensor
    weights: Tensor
    masked: bool = False


@dataclass(frozen=True)
class Sought:
    """Q patches that others are compared with: the difference is constants + weights · numbers.

    weights: (Q, T), of the exemplar's numbers. constants: (Q,).
    """

    weights: Tensor
    constants: Tensor


class Matcher:
    """All patches of an exemplar.

    parts: whose patches have the same upper left corners, (h, w) each. places: (h, w), bool: which may be taken.
    often: sets of places of the part that is masked, (P,), bool: patches are found sooner if all of one set is known.
    """

    def __init__(self, parts: Sequence[Part], places: Tensor, often: Sequence[Tensor] = ()) -> None:
        self._parts = parts
        self._often = often
        together = steps(torch.cat([part.weights.flatten() for part in parts]))
        finest = together.split([part.weights.numel() for part in parts])
        self._most = [each.view_as(part.weights) for each, part in zip(finest, parts, strict=True)]
        self._allowed = places
        self._lay_out()
        self._kept: dict[int, Tensor] = {}

    def _lay_out(self) -> None:
        """Planes of integers in one piece of memory, and where in it each number of the patch at (0, 0) lies.

        Numbers of other patches lie as much further as their corners. Planes are shared by offsets of equal weight.
        """
        stride = max(part.channels.shape[2] for part in self._parts)
        self._steps = torch.tensor([stride, 1])
        self._places = self._allowed.nonzero() @ self._steps
        planes: list[Tensor] = []
        taps: list[int] = []
        squares: list[int] = []
        end = 0

        def lay(plane: Tensor) -> int:
            nonlocal end
            laid = F.pad(plane, (0, stride - plane.shape[1])).flatten()
            planes.append(F.pad(laid, (0, (APART - len(laid)) % PAGE)))
            end += len(planes[-1])
            return end - len(planes[-1])

        height, width = self._allowed.shape
        whole = torch.zeros(height, width)
        for part, most in zip(self._parts, self._most, strict=True):
            kinds, kind = most.unique(dim=0, return_inverse=True)
            integers = [rounded(part.channels, each[:, None, None]) for each in kinds]
            starts = torch.tensor([[lay(plane) for plane in each] for each in integers])
            shifts = part.offsets @ self._steps
            taps += (starts[kind] + shifts[:, None]).flatten().tolist()
            sums = [each.square().sum(dim=0) for each in integers]
            if part.masked:
                squares += (torch.tensor([lay(plane) for plane in sums])[kind] + shifts).tolist()
            else:
                for (row, column), each in zip(part.offsets.tolist(), kind.tolist(), strict=True):
                    whole += sums[each][row : row + height, column : column + width]
        self._taps = torch.tensor([*taps, *squares, lay(whole)])
        self._masked = slice(len(taps), len(taps) + len(squares))
        reach = -(-height * stride // search.TOGETHER) * search.TOGETHER
        self._memory = F.pad(torch.cat(planes), (0, reach))
        self._barred = torch.full((reach,), torch.inf)
        self._barred[self._places] = 0

    @cached_property
    def _sketches(self) -> Sketches:
        """Of all that is not masked, with each set of what often is known of what is."""
        sample = self._places[:: -(-len(self._places) // SAMPLE)]
        masked = self._masked.stop - self._masked.start
        known = torch.stack(list(self._often)) if self._often else torch.zeros(1, masked, dtype=torch.bool)
        numbers = [
            torch.cat([
                (often if part.masked else torch.ones(len(part.offsets)).bool()).repeat_interleave(len(part.channels))
                for part in self._parts
            ]).nonzero()[:, 0]
            for often in known
        ]  # fmt: skip
        count = min(FINE, len(sample), *(len(each) // 4 for each in numbers))
        directions = torch.zeros(len(known), count, len(self._taps))
        for each, some in zip(directions, numbers, strict=True):
            each[:, some] = principal(self._memory[self._taps[some, None] + sample], count)
        return Sketches(directions, known)

    @cached_property
    def _sketched(self) -> Tensor:
        """All patches in all sketches, (planes, places and more)."""
        along = [
            search.project(self._memory, self._taps, each, len(self._barred)) for each in self._sketches.directions
        ]
        return F.pad(self._sketches.planes(torch.stack(along)).flatten(0, 1), (0, APART))

    def sought(self, values: Sequence[Tensor], known: Tensor | None = None) -> Sought:
        """Patches to compare with. values: (Q, P, C) of each part, in [0, 1]. known: (Q, P), of the part that is
        masked."""
        weights, squares, constants = [], [], torch.zeros(len(values[0]))
        for part, most, each in zip(self._parts, self._most, values, strict=True):
            numbers = rounded(each, most)
            if part.masked:
                counts = torch.ones(each.shape[:2]) if known is None else known.float()
                numbers *= counts[..., None]
                squares.append(counts)
            weights.append(-2 * numbers.flatten(1))
            constants += numbers.square().sum(dim=(1, 2))
        return Sought(torch.cat([*weights, *squares, torch.ones(len(constants), 1)], dim=1), constants)

    def nearest(
        self, sought: Sought, tolerance: float = 0.0, random: Tensor | None = None, at_most: Tensor | None = None
    ) -> Tensor:
        """The upper left corners (Q, 2) of the patches that differ least.

        random: (Q,), float64 in [0, 1), to choose among those that differ by at most 1 + tolerance times the least.
        None: the first one.
        at_most: (Q,). Where no patch differs by so little any is found, or a place outside: the less, the sooner.
        """
        if search.library() is not None:
            whole = search.Compared(self._memory, self._taps, sought.weights, sought.constants)
            at_most = torch.full_like(sought.constants, torch.inf) if at_most is None else at_most
            coarse, fine = self._sketch(sought) if self._sketches.directions.numel() else (whole, whole)
            error = self._sketches.error
            found = search.nearest(coarse, fine, error, whole, self._barred, at_most, tolerance, random)
            return self._corners(found)
        step = max(1, TOGETHER // len(self._places))
        parts = []
        for first in range(0, len(sought.constants), step):
            some = slice(first, first + step)
            differences = self._differences(sought.weights[some], sought.constants[some])
            parts.append(differences.argmin(1) if random is None else _any(differences, tolerance, random[some]))
        return self._corners(self._places[torch.cat(parts)])

    def _sketch(self, sought: Sought) -> list[search.Compared]:
        """What is compared by coarse sketches and by fine ones."""
        taps = self._sketched.shape[1] * torch.arange(len(self._sketched))
        each = self._sketches.sought(sought.weights, sought.weights[:, self._masked])
        return [search.Compared(self._sketched, taps, weights, constants) for weights, constants in each]

    def differences(self, sought: Sought, corners: Tensor) -> Tensor:
        """Of each sought patch from some, by their corners (Q, N, 2): (Q, N), inf for those that may not be taken."""
        inside = ((corners >= 0) & (corners < torch.tensor(self._allowed.shape))).all(dim=-1)
        corners = corners * inside[..., None]
        places = corners[..., 0] * self._steps[0] + corners[..., 1]
        if search.library() is not None:
            whole = search.Compared(self._memory, self._taps, sought.weights, sought.constants)
            found = search.differences(whole, places.contiguous())
        else:
            numbers = self._memory[places[..., None] + self._taps]
            found = sought.constants[:, None] + (numbers @ sought.weights[..., None])[..., 0]
        return found.where(inside & self._allowed[corners[..., 0], corners[..., 1]], torch.inf)

    def _differences(self, weights: Tensor, constants: Tensor) -> Tensor:
        """(Q, number of places)."""
        found = torch.empty(len(weights), len(self._places))
        step = max(1, CHUNK // len(self._taps))
        for first in range(0, len(self._places), step):
            some = slice(first, first + step)
            torch.addmm(constants[:, None], weights, self._numbers(some), out=found[:, some])
        return found

    def _numbers(self, some: slice) -> Tensor:
        """Those of some places, (T, n): gathered anew each time if all together are too many to be kept."""
        if some.start in self._kept:
            return self._kept[some.start]
        numbers = self._memory[self._taps[:, None] + self._places[some]]
        if len(self._taps) * len(self._places) <= KEPT:
            self._kept[some.start] = numbers
        return numbers

    def _corners(self, places: Tensor) -> Tensor:
        return torch.stack([places // self._steps[0], places % self._steps[0]], dim=-1)


def steps(weights: Tensor) -> Tensor:
    """How large the integers may be that values are rounded to, by what their squared differences count, of any shape.

    Σ (2 · steps)² is at most 2²⁴, and so is every sum of squared differences.
    """
    weights = weights.double()
    return (LARGEST * weights / weights.sum()).sqrt().div(2).floor().float()


def rounded(values: Tensor, most: Tensor) -> Tensor:
    """Values in [0, 1] as integers from -most to most."""
    return ((values.clamp(0, 1) - 0.5) * (2 * most)).round()


def _any(differences: Tensor, tolerance: float, random: Tensor) -> Tensor:
    """(Q, N) -> (Q,): one of those in each row that are at most 1 + tolerance times the least."""
    enough = differences <= (1 + tolerance) * differences.amin(dim=1, keepdim=True)
    counts = enough.sum(dim=1)
    chosen = (random * counts).long().minimum(counts - 1)
    return enough.nonzero()[counts.cumsum(0) - counts + chosen, 1]


def beside(places: Tensor, offsets: Tensor, within: Tensor) -> Tensor:
    """The neighbours (n, P, 2) of places (n, 2), on a map (H, W, …): of those beyond its border, the nearest on it."""
    return (places[:, None] + offsets).clamp(min=0).minimum(torch.tensor(within.shape[:2]) - 1)


def continued(coordinates: Tensor, places: Tensor, offsets: Tensor) -> Tensor:
    """Where each of the places (n, 2) would come from, did it lie in the exemplar as in a map it does to each
    neighbour.

    (n, P, 2), perhaps beyond the exemplar: s(r) + (q - r), for the place q and the neighbour r, which comes from s(r).
    """
    neighbors = beside(places, offsets, coordinates)
    return coordinates[*neighbors.unbind(dim=2)] + places[:, None] - neighbors
