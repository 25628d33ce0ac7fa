"""A texture pixel by pixel: each is one around which the exemplar looks as the texture does so far.

A. Efros, T. Leung, "Texture Synthesis by Non-parametric Sampling", ICCV 1999. It grows around 3 × 3 pixels of the
exemplar in rings. What differs: which pixels of a ring come first is settled by their places, so that many are chosen
at once (`order.onion`), not by how many neighbours each has; and none is put off for fitting badly, which in the
authors' program a root mean square of more than half of the range is.
"""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.exemplar.config import SamplingConfig
from impasto.model.exemplar.exemplar import Exemplar, Show, check_size, square
from impasto.model.exemplar.match import Matcher, Part, continued
from impasto.model.exemplar.order import onion

SEED = 3
"""Pixels on a side of what it grows from."""
BESIDE = square(3) - 1
"""Neighbours beside whose sources a good window may lie, so that all that are worse are soon known to be."""
NARROW = 6.4
"""A window's side over the standard deviation of its Gaussian weights."""


def sample(
    exemplar: Exemplar,
    height: int,
    width: int,
    config: SamplingConfig | None = None,
    *,
    seed: int = 0,
    show: Show = lambda share: None,
) -> Tensor:
    """Where each pixel of a texture comes from: a map (height, width, 2). Raises NoWindow, InvalidValue."""
    config = config or SamplingConfig()
    check_size(height, width)
    places = exemplar.windows(config.window)
    reach = config.window // 2
    window, pixels = square(config.window), exemplar.pixels
    distance = (window - reach).square().sum(dim=1)
    weights = torch.exp(-distance / (2 * (config.window / NARROW) ** 2))
    halves = [half for along in window.T for half in (along < reach, along > reach)]  # what a side of the ring sees
    matcher = Matcher([Part(exemplar.rgb, window, weights, masked=True)], places, often=halves)

    random = torch.Generator().manual_seed(seed)
    chances = torch.rand(height, width, generator=random, dtype=torch.float64)
    coordinates = torch.zeros(height, width, 2, dtype=torch.long)
    texture = torch.zeros(height + 2 * reach, width + 2 * reach, 3)  # with what windows see beyond its border
    known = torch.zeros(texture.shape[:2], dtype=torch.bool)

    def put(places: Tensor, sources: Tensor) -> None:
        coordinates[*places.T] = sources
        texture[*(places + reach).T] = pixels[*sources.T]
        known[*(places + reach).T] = True

    corners = places.nonzero()
    begin = corners[int(torch.randint(len(corners), (), generator=random))] + reach
    first = square(SEED) - SEED // 2
    middle = torch.tensor([height // 2, width // 2]) + first
    there = ((middle >= 0) & (middle < torch.tensor([height, width]))).all(dim=1)
    put(middle[there], (begin + first)[there])
    made = int(there.sum())
    for step in onion(height, width, reach + 1):
        around = (step[:, None] + window).unbind(dim=2)
        sought = matcher.sought([texture[*around]], known[*around])
        beside = matcher.differences(sought, continued(coordinates, step, BESIDE) - reach).amin(dim=1)
        put(step, matcher.nearest(sought, config.tolerance, chances[*step.T], beside) + reach)
        made += len(step)
        show(made / (height * width))
    return coordinates
