"""A texture pixel by pixel: each is one that lies in the exemplar as some neighbour's source does.

M. Ashikhmin, "Synthesizing Natural Textures", I3D 2001: from sources at random, a pixel's candidates are those that
would go on where its neighbours come from, and the one around which the exemplar looks most like the texture is taken.
Nothing is sought in the exemplar as a whole, so that time does not depend on its size, and patches of it appear as they
are. One more candidate is taken at random, as in his "Fast Texture Transfer", 2003, which also stands in for those that
would go on beyond the exemplar.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.exemplar import search
from impasto.model.exemplar.config import CoherenceConfig
from impasto.model.exemplar.exemplar import Exemplar, Show, assembled, check_size, square
from impasto.model.exemplar.match import Matcher, Part, beside, continued, rounded, scales
from impasto.model.exemplar.order import wavefront

ROWS = 16
"""That are chosen between two looks at how far it is."""


def cohere(
    exemplar: Exemplar,
    height: int,
    width: int,
    config: CoherenceConfig | None = None,
    *,
    seed: int = 0,
    show: Show = lambda share: None,
) -> Tensor:
    """Where each pixel of a texture comes from: a map (height, width, 2). Raises NoWindow, InvalidValue.

    The first pass looks at what lies above and to the left; the others look around, at what the pass before left there.
    """
    config = config or CoherenceConfig()
    check_size(height, width)
    places = exemplar.windows(config.window)
    random = torch.Generator().manual_seed(seed)
    reach = config.window // 2
    coordinates = _anywhere(places, (height, width), random) + reach
    window = square(config.window) - reach
    before, after = window[: len(window) // 2], window[len(window) // 2 + 1 :]
    made = 0
    for number in range(config.passes):
        neighbors, compared = (window, torch.cat([before, after])) if number else (before, before)
        choice = _Pass(
            exemplar.rgb, places, reach, neighbors, compared, _anywhere(places, (height, width), random) + reach
        )
        for count in choice.by_rows(coordinates) if search.library() else choice.by_steps(coordinates):
            made += count
            show(made / (config.passes * height * width))
    return coordinates


def _anywhere(places: Tensor, size: tuple[int, int], random: torch.Generator) -> Tensor:
    """Upper left corners of windows at random: (*size, 2)."""
    corners = places.nonzero()
    return corners[torch.randint(len(corners), size, generator=random)]


@dataclass(frozen=True)
class _Pass:
    """One choice of all pixels.

    places: upper left corners of windows that may be taken. neighbors: offsets (N, 2) of those that tell candidates.
    compared: offsets (K, 2) of what is compared. others: (H, W, 2), one more candidate of each pixel.
    """

    rgb: Tensor
    places: Tensor
    reach: int
    neighbors: Tensor
    compared: Tensor
    others: Tensor

    def _part(self) -> Part:
        return Part(self.rgb, self.compared + self.reach, torch.ones(len(self.compared)))

    def by_steps(self, coordinates: Tensor) -> Iterator[int]:
        """Change a map (H, W, 2), many pixels at once; how many, each time."""
        matcher = Matcher([self._part()], self.places)
        texture = assembled(pixels := self.rgb.permute(1, 2, 0).contiguous(), coordinates)
        for step in wavefront(coordinates.shape[0], coordinates.shape[1], self.reach + 1):
            goes_on = continued(coordinates, step, self.neighbors)
            candidates = torch.cat([goes_on, self.others[*step.T][:, None]], dim=1)
            sought = matcher.sought([texture[*beside(step, self.compared, coordinates).unbind(dim=2)]])
            best = matcher.differences(sought, candidates - self.reach).argmin(dim=1)
            sources = candidates[torch.arange(len(step)), best]
            coordinates[*step.T], texture[*step.T] = sources, assembled(pixels, sources)
            yield len(step)

    def by_rows(self, coordinates: Tensor) -> Iterator[int]:
        """The same, compiled: some rows at a time, one pixel after the other."""
        (scale,) = scales([self._part()])
        pixels = rounded(self.rgb, scale.levels).int().permute(1, 2, 0).contiguous()
        allowed = F.pad(self.places, (self.reach,) * 4)
        for first in range(0, len(coordinates), ROWS):
            rows = range(first, min(first + ROWS, len(coordinates)))
            search.cohere(pixels, allowed, coordinates, self.others, self.neighbors, self.compared, rows)
            yield len(rows) * coordinates.shape[1]
