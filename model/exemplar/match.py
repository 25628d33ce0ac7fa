"""Which patch of an exemplar is most like what is known of another one: the sum of squared differences, all at once.

Σ m (x - t)² = Σ m x² - 2 Σ m t x + Σ m t² is one matrix product of what is sought (m and -2 m t) with the patches (x²
and x). Where differences nearly cancel, rounding would leave nothing of it, and its last bits would depend on how many
threads added up, and in which order. So values x and t and weights m are rounded to integers, as fine as 16 bits and
sums below 2³¹ allow: whoever adds them, in whatever order, on whatever machine, finds the same patch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isqrt, sqrt

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.exemplar import search
from impasto.model.exemplar.search import RUN, Compared, Layout, Pieces
from impasto.model.exemplar.sketch import SAMPLE, Sketches, principal, size

LARGEST = 2.0**31
"""No sum of squared differences is larger."""
SHORT = 2**15 - 1
"""The largest integer of 16 bits."""
HEAVIEST = 36
"""Weights that are not all the same are rounded to integers up to it: those of a binomial window of 5 × 5 are exact."""
COARSEST = 32
"""Levels of values on each side of the middle, for which weights have fewer integers if need be."""
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
    weights: (P,): what a squared difference counts there.
    masked: whether of what is sought only some places are known.
    """

    channels: Tensor
    offsets: Tensor
    weights: Tensor
    masked: bool = False


@dataclass(frozen=True)
class Scale:
    """What integers a part is compared by. levels: values are from -levels to levels. weights: (P,), float32."""

    levels: int
    weights: Tensor


@dataclass(frozen=True)
class Sought:
    """Q patches that others are compared with: the difference is constants + weights · numbers.

    weights: (Q, T), of the exemplar's numbers, integers in float32. constants: (Q,), integers in float64. pieces: the
    same, as kernels take it.
    """

    weights: Tensor
    constants: Tensor
    pieces: Pieces | None


class Matcher:
    """All patches of an exemplar.

    parts: whose patches have the same upper left corners, (h, w) each. places: (h, w), bool: which may be taken.
    often: sets of places of the part that is masked, (P,), bool: patches are found sooner if all of one set is known.
    """

    def __init__(self, parts: Sequence[Part], places: Tensor, often: Sequence[Tensor] = ()) -> None:
        self._parts = parts
        self._often = often
        self._scales = scales(parts)
        self._integers = [rounded(part.channels, scale.levels) for part, scale in zip(parts, self._scales, strict=True)]
        self._weigh()
        self._allowed = places
        self._lay_out()
        self._kept: dict[int, Tensor] = {}

    def _weigh(self) -> None:
        """In how many levels each number is an integer and what its square counts, and what squares of all that is
        masked do; and at which place, of those that may not be known, each is, or beyond the last."""
        levels, weights, owners = [], [], []
        scaled = list(zip(self._parts, self._scales, strict=True))
        self._squares = next((scale.weights for part, scale in scaled if part.masked), torch.zeros(0))
        for part, scale in scaled:
            count, channels = len(part.offsets), len(part.channels)
            levels.append(torch.full((count * channels,), float(scale.levels)))
            weights.append(scale.weights.repeat_interleave(channels))
            places = torch.arange(count) if part.masked else torch.full((count,), len(self._squares))
            owners.append(places.repeat_interleave(channels))
        self._levels, self._weights, self._owners = map(torch.cat, (levels, weights, owners))

    def _lay_out(self) -> None:
        """Planes of integers in one piece of memory, and where in it each number of the patch at (0, 0) lies; and what
        is added for each patch, squares of all that is not masked.

        Numbers of other patches lie as much further as their corners.
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
        whole = torch.zeros(height, width, dtype=torch.float64)
        for part, scale, integers in zip(self._parts, self._scales, self._integers, strict=True):
            starts = torch.tensor([lay(plane) for plane in integers])
            shifts = part.offsets @ self._steps
            taps += (starts + shifts[:, None]).flatten().tolist()
            sums = integers.square().sum(dim=0)
            if part.masked:
                squares += (lay(sums) + shifts).tolist()
            else:
                for (row, column), weight in zip(part.offsets.tolist(), scale.weights.tolist(), strict=True):
                    whole += weight * sums[row : row + height, column : column + width]
        self._taps = torch.tensor([*taps, *squares])
        reach = -(-height * stride // search.TOGETHER) * search.TOGETHER
        self._memory = F.pad(torch.cat(planes), (0, reach))
        self._added = F.pad(whole, (0, stride - width)).flatten()
        self._added = F.pad(self._added, (0, reach - len(self._added)))
        self._barred = torch.full((reach,), torch.inf)
        self._barred[self._places] = 0

    @cached_property
    def _pieces(self) -> tuple[Layout, Tensor]:
        """Patches as they are compared one by one, and where the weights of `Sought` go.

        Pixel by pixel lie its numbers, and the sum of their squares if the part is masked; a row of a patch is as many
        runs as it takes.
        """
        memory, numbers, squares = [], [], []
        starts: list[int] = []
        sizes: list[int] = []
        begin, stride = 0, int(self._steps[0])
        for part, integers in zip(self._parts, self._integers, strict=True):
            squared = [integers.square().sum(dim=0, keepdim=True)] if part.masked else []
            pixels = torch.cat([integers, *squared])
            laid = F.pad(pixels.permute(1, 2, 0), (0, 0, 0, stride - pixels.shape[2])).flatten()
            shifts = part.offsets @ self._steps * len(pixels)
            where = torch.empty_like(shifts)
            for row in part.offsets[:, 0].unique():
                inside = part.offsets[:, 0] == row
                first, last = int(shifts[inside].min()), int(shifts[inside].max())
                where[inside] = len(starts) * RUN + shifts[inside] - first
                runs = range(begin + first, begin + last + len(pixels), RUN)
                starts += runs
                sizes += [len(pixels)] * len(runs)
            numbers.append((where[:, None] + torch.arange(len(part.channels))).flatten())
            if part.masked:
                squares.append(where + len(part.channels))
            memory.append(laid.short())
            begin += len(laid)
        memory.append(torch.zeros(RUN, dtype=torch.short))
        layout = Layout(torch.cat(memory), torch.tensor(starts), torch.tensor(sizes), self._added.int())
        return layout, torch.cat([*numbers, *squares])

    @cached_property
    def _sketches(self) -> Sketches:
        """Of all that is not masked, with each set of what often is known of what is."""
        sample = self._places[:: -(-len(self._places) // SAMPLE)]
        often = self._often or [torch.zeros(len(self._squares), dtype=torch.bool)]
        known = torch.stack(list(often)) & (self._squares > 0)  # what counts nothing need not be known
        numbers = [each.nonzero()[:, 0] for each in _and_one(known)[:, self._owners]]
        count = min(len(sample), *(size(len(each)) for each in numbers))
        directions = torch.zeros(len(known), count, len(self._weights))
        for each, some in zip(directions, numbers, strict=True):
            patches = self._memory[self._taps[some, None] + sample]
            each[:, some] = principal(patches * self._weights[some, None].sqrt(), count)
        return Sketches(directions, self._weights.sqrt(), known)

    @cached_property
    def _sketched(self) -> Tensor:
        """All patches in all sketches, (planes, places and more)."""
        along = [
            search.project(self._memory, self._taps[: len(self._weights)], each, len(self._barred))
            for each in self._sketches.onto
        ]
        return F.pad(self._sketches.planes(torch.stack(along)).flatten(0, 1), (0, APART))

    def sought(self, values: Sequence[Tensor], known: Tensor | None = None) -> Sought:
        """Patches to compare with. values: (Q, P, C) of each part in turn, or (Q, P · C) of several, in [0, 1]. known:
        (Q, P), of the part that is masked."""
        flat = torch.cat([each.flatten(1) for each in values], dim=1)
        integers = rounded(flat, self._levels)
        if known is None or not len(self._squares):
            known = torch.ones(len(flat), len(self._squares))
        weights = self._weights * _and_one(known)[:, self._owners] if len(self._squares) else self._weights
        found = torch.cat([-2 * weights * integers, self._squares * known], dim=1)
        constants = (weights * integers.square()).sum(dim=1, dtype=torch.float64)
        return Sought(found, constants, None if search.library() is None else self._in_pieces(found, constants))

    def _in_pieces(self, weights: Tensor, constants: Tensor) -> Pieces:
        layout, where = self._pieces
        laid = torch.zeros(len(weights), len(layout.starts) * RUN, dtype=torch.short)
        laid[:, where] = weights.short()
        return Pieces(layout, laid, constants.int())

    def nearest(
        self, sought: Sought, tolerance: float = 0.0, random: Tensor | None = None, at_most: Tensor | None = None
    ) -> Tensor:
        """The upper left corners (Q, 2) of the patches that differ least.

        random: (Q,), float64 in [0, 1), to choose among those that differ by at most 1 + tolerance times the least.
        None: the first one.
        at_most: (Q,). Where no patch differs by so little none is found, a row of -1: the less, the sooner.
        """
        at_most = torch.full_like(sought.constants, torch.inf) if at_most is None else at_most
        if sought.pieces is not None:
            coarse, added = self._coarse(sought)
            found = search.nearest(coarse, self._sketches.error, sought.pieces, added, at_most, tolerance, random)
            return self._corners(found)
        step = max(1, TOGETHER // len(self._places))
        parts = []
        for first in range(0, len(sought.constants), step):
            some = slice(first, first + step)
            differences = self._differences(sought.weights[some], sought.constants[some])
            chosen = differences.argmin(1) if random is None else _any(differences, tolerance, random[some])
            parts.append(self._places[chosen].where(differences.amin(1) <= at_most[some], -1))
        return self._corners(torch.cat(parts))

    def _coarse(self, sought: Sought) -> tuple[Compared, Tensor]:
        """What all patches are compared by, sketches, or all numbers where there are none; and what is added for each,
        infinity for those that may not be taken."""
        if not self._sketches.directions.numel():
            whole = Compared(self._memory, self._taps, sought.weights, sought.constants.float())
            return whole, self._barred + self._added.float()
        taps = self._sketched.shape[1] * torch.arange(len(self._sketched))
        known = (sought.weights[:, len(self._weights) :] > 0).float()
        weights, constants = self._sketches.sought(sought.weights[:, : len(self._weights)], known)
        return Compared(self._sketched, taps, weights, constants), self._barred

    def differences(self, sought: Sought, corners: Tensor) -> Tensor:
        """Of each sought patch from some, by their corners (Q, N, 2): (Q, N), inf for those that may not be taken."""
        inside = ((corners >= 0) & (corners < torch.tensor(self._allowed.shape))).all(dim=-1)
        corners = corners * inside[..., None]
        places = corners[..., 0] * self._steps[0] + corners[..., 1]
        if sought.pieces is not None:
            found = search.differences(sought.pieces, places.contiguous())
        else:
            numbers = self._memory[places[..., None] + self._taps]
            found = (numbers.double() @ sought.weights[..., None].double())[..., 0]
            found += sought.constants[:, None] + self._added[places]
        return found.where(inside & self._allowed[corners[..., 0], corners[..., 1]], torch.inf)

    def _differences(self, weights: Tensor, constants: Tensor) -> Tensor:
        """(Q, number of places)."""
        found = torch.empty(len(weights), len(self._places), dtype=torch.float64)
        step = max(1, CHUNK // len(self._taps))
        for first in range(0, len(self._places), step):
            some = slice(first, first + step)
            numbers = self._numbers(some).double()
            added = constants[:, None] + self._added[self._places[some]]
            torch.addmm(added, weights.double(), numbers, out=found[:, some])
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


def scales(parts: Sequence[Part]) -> list[Scale]:
    """What integers parts are compared by: what is multiplied has 16 bits, squares of what is masked too."""
    heaviest = [float(part.weights.max()) for part in parts]
    finest = [isqrt(SHORT // len(part.channels)) if part.masked else SHORT // (2 * HEAVIEST) for part in parts]
    numbers = sum(len(part.channels) * float(part.weights.sum()) for part in parts)
    bounds = [(SHORT / 2 - most) * most / each for most, each in zip(finest, heaviest, strict=True)]
    fine = min(LARGEST / 4 / numbers, *bounds)  # levels² · weight, of what counts 1
    found = []
    for part, counts, most in zip(parts, heaviest, finest, strict=True):
        squared = fine * counts
        heavy = 1 if float(part.weights.min()) == counts else min(HEAVIEST, ceil(squared / COARSEST**2))
        heavy = max(heavy, ceil(squared / most**2))
        found.append((sqrt(squared / heavy), (part.weights / counts * heavy).round()))
    sums = [len(part.channels) * float(weights.sum()) for part, (_, weights) in zip(parts, found, strict=True)]
    whole = sum(4 * levels**2 * each for (levels, _), each in zip(found, sums, strict=True))
    shrunk = sqrt(min(1, LARGEST / whole))
    return [Scale(int(levels * shrunk), weights) for levels, weights in found]


def rounded(values: Tensor, levels: Tensor | int) -> Tensor:
    """Values in [0, 1] as integers from -levels to levels, float32."""
    return ((values.clamp(0, 1) - 0.5) * (2 * levels)).round()


def _any(differences: Tensor, tolerance: float, random: Tensor) -> Tensor:
    """(Q, N) -> (Q,): one of those in each row that are at most 1 + tolerance times the least."""
    enough = differences <= (1 + tolerance) * differences.amin(dim=1, keepdim=True)
    counts = enough.sum(dim=1)
    chosen = (random * counts).long().minimum(counts - 1)
    return enough.nonzero()[counts.cumsum(0) - counts + chosen, 1]


def _and_one(known: Tensor) -> Tensor:
    """What is known of each of some places (Q, P), and 1 for what always is: (Q, P + 1)."""
    return F.pad(known, (0, 1), value=1)


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
