"""In which order places are visited. Those of one step see nothing of each other, so that they are visited at once.

A step is (n, 2), rows and columns. Visited one after the other, in any order within a step, places come out the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor


def wavefront(height: int, width: int, slope: int) -> Iterator[Tensor]:
    """All places row by row, where each needs what was visited up to `slope` - 1 columns further in the rows above.

    Row by row every place waits for the one to its left, but the next row can begin `slope` places later: step
    c + slope · r visits (r, c). With windows of 2 ρ + 1 pixels a side the slope is ρ + 1; with pieces that overlap, 2.
    """
    for step in range(width + slope * (height - 1)):
        rows = torch.arange(max(0, -((width - 1 - step) // slope)), min(height - 1, step // slope) + 1)
        if len(rows):
            yield torch.stack([rows, step - slope * rows], dim=1)


def onion(height: int, width: int, apart: int) -> Iterator[Tensor]:
    """All places but the 3 × 3 in the middle, ring around ring; those of one step lie at least so many pixels apart.

    Around each ring go sectors of 2 · apart places, which even at a corner leave that distance between one's first
    place and the next one's, and so between their second ones.
    """
    middle = torch.tensor([height // 2, width // 2])
    size = torch.tensor([height, width])
    furthest = max(height // 2, width // 2, height - 1 - height // 2, width - 1 - width // 2)
    for distance in range(2, furthest + 1):
        ring = middle + _ring(distance)
        sectors = max(1, len(ring) // (2 * apart))
        starts = torch.arange(sectors + 1) * len(ring) // sectors
        for place in range(int((starts[1:] - starts[:-1]).max())):
            step = ring[(starts[:-1] + place)[starts[:-1] + place < starts[1:]]]
            step = step[((step >= 0) & (step < size)).all(dim=1)]
            if len(step):
                yield step


def _ring(distance: int) -> Tensor:
    """The places around (0, 0) at that distance, (8 · distance, 2), clockwise."""
    there = torch.arange(-distance, distance)
    side = torch.full_like(there, distance)
    return torch.cat([
        torch.stack(pair, dim=1) for pair in ((-side, there), (there, side), (side, -there), (-there, -side))
    ])  # fmt: skip
