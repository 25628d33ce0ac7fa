"""A fitted style for the small network too: its vector is learned from what the large network paints in that style."""

from __future__ import annotations

from torch import Tensor

from impasto.model.fitting.imitation import imitate, likeliest
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.pack import SmallVector


def small_vector(source: Checkpoint, vector: Tensor, photos: Tensor, painted: Tensor) -> SmallVector | None:
    """A style vector (E,) of the large network as one of the small one; None where there is none.

    photos, painted: (P, 3, S, S) in [0, 1], and the large network's pictures of them in that style.
    """
    if source.small is None:
        return None
    start = likeliest(vector, source.styles, source.small.styles)
    return SmallVector(imitate(source.small.network, start, photos, painted), source.small.network_id)
