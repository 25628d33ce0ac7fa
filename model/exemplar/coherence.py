"""A texture pixel by pixel: each is one that lies in the exemplar as some neighbour's source does.

M. Ashikhmin, "Synthesizing Natural Textures", I3D 2001: from sources at random, a pixel's candidates are those that
would go on where its neighbours come from, and the one around which the exemplar looks most like the texture is taken.
Nothing is sought in the exemplar as a whole, so that time does not depend on its size, and patches of it appear as they
are. One more candidate is taken at random, as in his "Fast Texture Transfer", 2003, which also stands in for those that
would go on beyond the exemplar.
"""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.exemplar.config import CoherenceConfig
from impasto.model.exemplar.exemplar import Exemplar, Show, assembled, check_size, square
from impasto.model.exemplar.match import Matcher, Part, beside, continued
from impasto.model.exemplar.order import wavefront


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
    reach = config.window // 2
    window, pixels, places = square(config.window) - reach, exemplar.pixels, exemplar.windows(config.window)
    middle = len(window) // 2
    around = torch.cat([window[:middle], window[middle + 1 :]])

    random = torch.Generator().manual_seed(seed)
    coordinates = _anywhere(places, (height, width), random) + reach
    texture = assembled(pixels, coordinates)
    for number in range(config.passes):
        neighbors, compared = (window, around) if number else (around[:middle], around[:middle])
        matcher = Matcher([Part(exemplar.rgb, compared + reach, torch.ones(len(compared), 3))], places)
        others = _anywhere(places, (height, width), random) + reach
        made = number * height * width
        for step in wavefront(height, width, reach + 1):
            candidates = torch.cat([continued(coordinates, step, neighbors), others[*step.T][:, None]], dim=1)
            sought = matcher.sought([texture[*beside(step, compared, coordinates).unbind(dim=2)]])
            best = matcher.differences(sought, candidates - reach).argmin(dim=1)
            sources = candidates[torch.arange(len(step)), best]
            coordinates[*step.T], texture[*step.T] = sources, assembled(pixels, sources)
            made += len(step)
            show(made / (config.passes * height * width))
    return coordinates


def _anywhere(places: Tensor, size: tuple[int, int], random: torch.Generator) -> Tensor:
    """Upper left corners of windows at random: (*size, 2)."""
    corners = places.nonzero()
    return corners[torch.randint(len(corners), size, generator=random)]
