"""A is to A′ as B is to what? A picture of the pixels of A′, each from where A and A′ look as B and the picture do.

A. Hertzmann, C. Jacobs, N. Oliver, B. Curless, D. Salesin, "Image Analogies", SIGGRAPH 2001. From coarse to fine; at
each size a pixel is compared by what lies around it in A and B, around it in A′ and the picture one size coarser, and
before it in A′ and the picture. All of A is looked at, where the paper's program takes an approximate tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.exemplar.config import AnalogyConfig
from impasto.model.exemplar.exemplar import Show, assembled, pyramid, remapped, square
from impasto.model.exemplar.match import Matcher, Part, beside, continued
from impasto.model.exemplar.order import wavefront
from impasto.model.pictures.color import brightness

REACH = 2
"""Pixels around a pixel that are compared."""
FINE, COARSE = square(5), 2 * square(3)
"""Where they lie, from the upper left one, and every other one of them, for what is half as large."""
BEFORE = FINE[: len(FINE) // 2]
"""Those of them that are made before it."""
FINE_COUNTS = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]).outer(torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])).flatten()
COARSE_COUNTS = torch.tensor([1.0, 2.0, 1.0]).outer(torch.tensor([1.0, 2.0, 1.0])).flatten()
"""What each counts, relative to the others of its kind."""
SMALLEST = 16
"""Pixels on the shortest side of the coarsest size by default."""


def analogy(
    a: Tensor,
    a_prime: Tensor,
    b: Tensor,
    config: AnalogyConfig | None = None,
    *,
    show: Show = lambda share: None,
) -> Tensor:
    """Where in A′ each pixel of the picture comes from, a map (H, W, 2). a, a_prime: (3, h, w), b: (3, H, W), in [0,
    1].

    Raises InvalidValue.
    """
    config = config or AnalogyConfig()
    check_pair(a.shape[1:], a_prime.shape[1:])
    levels = levels_of(a.shape[1:], b.shape[1:], config)
    if config.compare == "brightness":
        own, wanted = brightness(a), brightness(b)
        a, a_prime, b = remapped(own, own, wanted), remapped(brightness(a_prime), own, wanted), wanted
    pyramids = [pyramid(each.clamp(0, 1), levels) for each in (a, a_prime, b)]
    works = [one[0].numel() * other[0].numel() for one, other in zip(pyramids[0], pyramids[2], strict=True)]
    coarser: list[tuple[Tensor, Tensor]] = []  # A and B, A' and the picture
    start = None
    for level, (a, a_prime, b) in enumerate(zip(*pyramids, strict=True)):
        views = [_View(a, b, FINE, FINE_COUNTS)]
        views += [_View(_doubled(one, a), _doubled(other, b), COARSE, COARSE_COUNTS) for one, other in coarser]
        if start is not None:
            start = _finer(start, a, b)
        worse = 1 + 2.0 ** (level + 1 - levels) * config.kappa

        def show_all(share: float, level: int = level) -> None:
            show((sum(works[:level]) + share * works[level]) / sum(works))

        start = _made(views, a_prime, start, worse, show_all)
        coarser = [(a, b), (a_prime, assembled(a_prime.permute(1, 2, 0), start).permute(2, 0, 1))]
    assert start is not None
    return start.clone()  # which may be changed outside of inference too


def check_pair(a: Sequence[int], a_prime: Sequence[int]) -> None:
    """Raises InvalidValue where A and A′ have not the same height and width."""
    if tuple(a) != tuple(a_prime):
        one, other = (f"{width} × {height}" for height, width in (a, a_prime))
        raise InvalidValue(f"A has {one} pixels and A′ {other}: they show the same, pixel by pixel")


def levels_of(a: Sequence[int], b: Sequence[int], config: AnalogyConfig) -> int:
    """In how many sizes an analogy is made, by heights and widths of A and B."""
    fitting = max(1, (min(*a, *b) // SMALLEST).bit_length())
    return fitting if config.levels is None else config.levels


@dataclass(frozen=True)
class _View:
    """What is compared of the exemplar, (C, h, w), and of what is to be like it, (C, H, W), around each pixel."""

    exemplar: Tensor
    other: Tensor
    offsets: Tensor
    counts: Tensor

    def part(self) -> Part:
        """As a matcher takes it."""
        return Part(_padded(self.exemplar), self.offsets, self.counts / self.counts.sum())

    def of(self) -> Tensor:
        """All that is compared of the other, (H, W, P · C)."""
        height, width = self.other.shape[1:]
        there = torch.cartesian_prod(torch.arange(height), torch.arange(width)).unflatten(0, (height, width))
        return _padded(self.other).permute(1, 2, 0)[*(there[:, :, None] + self.offsets).unbind(dim=3)].flatten(2)


@torch.inference_mode()
def _made(views: list[_View], a_prime: Tensor, start: Tensor | None, worse: float, show: Show) -> Tensor:
    """A map (H, W, 2) in one size, from one to start with, or from what fits without A'.

    worse: what the difference of a pixel that goes on beside a neighbour's source may be, over the least.
    """
    parts, other = [view.part() for view in views], torch.cat([view.of() for view in views], dim=2)
    places = torch.ones(a_prime.shape[1:], dtype=torch.bool)
    if start is None:
        plain = Matcher(parts, places)
        start = plain.nearest(plain.sought([other.flatten(0, 1)])).unflatten(0, other.shape[:2])
    coordinates, pixels = start.clone(), a_prime.permute(1, 2, 0).contiguous()
    picture = assembled(pixels, coordinates)
    matcher = Matcher([*parts, _View(a_prime, a_prime, BEFORE, FINE_COUNTS[: len(BEFORE)]).part()], places)
    made = 0
    for step in wavefront(picture.shape[0], picture.shape[1], REACH + 1):
        before = picture[*beside(step, BEFORE - REACH, picture).unbind(dim=2)]
        sought = matcher.sought([other[*step.T], before])
        beyond = continued(coordinates, step, BEFORE - REACH)
        coherent, which = matcher.differences(sought, beyond).min(dim=1)
        best = matcher.nearest(sought, at_most=(coherent / worse).ceil() - 1)  # differences are integers
        sources = beyond[torch.arange(len(step)), which].where(best[:, :1] < 0, best)
        coordinates[*step.T], picture[*step.T] = sources, assembled(pixels, sources)
        made += len(step)
        show(made / picture[..., 0].numel())
    return coordinates


def _padded(channels: Tensor) -> Tensor:
    """(C, H, W) with its border repeated as far as a pixel is compared."""
    return F.pad(channels[None], (REACH,) * 4, mode="replicate")[0]


def _doubled(channels: Tensor, like: Tensor) -> Tensor:
    """(C, H, W) with each pixel twice along both sides, as large as what it is half of."""
    doubled = channels.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    return doubled[:, : like.shape[1], : like.shape[2]]


def _finer(coordinates: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """A map for pictures twice as large, a and b, whose pixels lie in those of the exemplar as they do in their own."""
    height, width = b.shape[1:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    finer = 2 * coordinates[rows // 2, columns // 2] + torch.stack([rows % 2, columns % 2], dim=2)
    return finer.minimum(torch.tensor(a.shape[1:]) - 1)
