"""Lines of another length as sums of places that follow one another: bicubic kernels as matrices, which are bands.

A line that is brought to one length and then to another is made by the product of both, which is a band too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

TOGETHER = 4
"""Weights of a place are a multiple of so many, if a line is as long: what is read at once."""
KEPT, LONGEST = 64, 1 << 14
"""Of how many lines bands are kept: those of several sizes of photos. Longer lines have none as a whole."""


@dataclass(frozen=True)
class Bands:
    """Each place is a sum of some of another line, which follow one another.

    firsts: (n,), int32, the first of them, from left to right. weights: (n, count), float32.
    """

    firsts: Tensor
    weights: Tensor

    @property
    def length(self) -> int:
        return len(self.firsts)


@lru_cache(KEPT)
def bands(*lengths: int) -> Bands | None:
    """What makes a line of the last length of one of the first, by way of those between; None where it is the same.

    Lengths are at most `LONGEST`.
    """
    length, found = lengths[0], None
    for source, target in pairwise(lengths):
        if source != target:
            step = _bicubic(source, target, slice(0, target))
            found = step if found is None else _after(step, found)
    return found and _evened(*found, length)


def part(source: int, target: int, places: slice) -> tuple[slice, Bands]:
    """Of some places of a line that another one, of any length, makes: which of its places make them, and how."""
    if max(source, target) <= LONGEST and (every := bands(source, target)):
        found = Bands(every.firsts[places], every.weights[places])
    else:
        found = _evened(*_bicubic(source, target, places), source)
    begin, count = int(found.firsts[0]), found.weights.shape[1]
    return slice(begin, int(found.firsts[-1]) + count), Bands(found.firsts - begin, found.weights)


@lru_cache(KEPT)
def box(length: int, radius: int) -> Bands:
    """The mean of so many places on both sides and of the one between, in a line that goes on with its ends.

    Its length is at most `LONGEST`.
    """
    side = 2 * radius + 1
    places = (torch.arange(length)[:, None] + torch.arange(-radius, radius + 1)).clamp_(0, length - 1)
    firsts = places[:, 0]
    weights = torch.zeros(length, side, dtype=torch.float64)
    weights.scatter_add_(1, places - firsts[:, None], torch.full(places.shape, 1 / side, dtype=torch.float64))
    return _evened(firsts, weights, length)


def _keys(distance: Tensor) -> Tensor:
    """The kernel of Keys with a = -0.5, as Torch and Pillow have it where they reduce."""
    x = distance.abs()
    return torch.where(x < 1, (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2).where(x < 2, 0.0)


def _bicubic(source: int, target: int, places: slice) -> tuple[Tensor, Tensor]:
    """What `resample` does along a side, to some places of it: firsts, and weights in float64."""
    scale = source / target
    stretch = max(1.0, scale)  # of the kernel: what cannot be shown is not to show as something else
    centers = (torch.arange(places.start, places.stop, dtype=torch.float64) + 0.5) * scale
    firsts = (centers - 2 * stretch + 0.5).floor().long().clamp_(min=0)
    there = firsts[:, None] + torch.arange(int(4 * stretch) + 2)
    weights = _keys((there + 0.5 - centers[:, None]) / stretch).where(there < source, 0.0)
    return firsts, weights / weights.sum(dim=1, keepdim=True)


def _after(later: tuple[Tensor, Tensor], earlier: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Both as one."""
    (firsts, weights), (sources, shares) = later, earlier
    places = (firsts[:, None] + torch.arange(weights.shape[1])).clamp_(max=len(sources) - 1)
    found = sources[firsts]
    at = (sources[places] - found[:, None])[..., None] + torch.arange(shares.shape[1])
    product = weights[..., None] * shares[places]
    made = torch.zeros(len(firsts), int(at.max()) + 1, dtype=torch.float64)
    return found, made.scatter_add_(1, at.flatten(1), product.flatten(1))


def _evened(firsts: Tensor, weights: Tensor, length: int) -> Bands:
    """With as few weights as there are, a multiple of `TOGETHER`, none of them beyond a line of that length."""
    used = int(weights.any(dim=0).nonzero().max()) + 1
    count = min(length, -(-used // TOGETHER) * TOGETHER)
    weights = F.pad(weights, (0, max(0, count - weights.shape[1])))[:, :count]
    begin = firsts.clamp(max=length - count)
    # what is moved to the left lies as much further in its band, and nothing is beyond the line's end
    at = torch.arange(count) - (firsts - begin)[:, None]
    moved = weights.gather(1, at.clamp(min=0)).where(at >= 0, 0.0)
    return Bands(begin.int(), moved.float().contiguous())
