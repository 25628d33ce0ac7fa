"""A fitted style for the small network too: its vector is learned from what the large network paints in that style.

As the small network itself learned (`model/training/teacher.py`): the pictures are there already, and to compare pixels
takes none of the loss network's time.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.pack import SmallVector

STEPS, BATCH, LEARNING_RATE = 80, 4, 0.05
RIDGE = 0.1
"""Of the regression that finds the start, relative to the mean variance of known styles."""


def small_vector(source: Checkpoint, vector: Tensor, photos: Tensor, painted: Tensor) -> SmallVector | None:
    """A style vector (E,) of the large network as one of the small one; None where there is none.

    photos, painted: (P, 3, S, S) in [0, 1], and the large network's pictures of them in that style.
    """
    if source.small is None:
        return None
    network = deepcopy(source.small.network).requires_grad_(False).to(photos.device)
    network.to(memory_format=torch.channels_last)
    own = nn.Parameter(likeliest(source, source.small, vector).to(photos.device))
    optimizer = torch.optim.Adam([own], lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=STEPS)
    random = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        some = torch.randperm(len(photos), generator=random)[:BATCH]
        error = (network(photos[some], own.expand(len(some), -1)) - painted[some].to(photos.device)).abs().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
    return SmallVector(own.detach().cpu(), source.small.network_id)


def likeliest(source: Checkpoint, small: Checkpoint, vector: Tensor) -> Tensor:
    """The small network's vector (E',) for one of the large network's (E,), as far as their known styles tell.

    Both networks blend, so what is so much of each known style to the one should be as much of each to the other.
    """
    known = [style_id for style_id in source.styles.ids if style_id in small.styles]
    large, own = (
        table.vectors[[table.row(each) for each in known]].double() for table in (source.styles, small.styles)
    )
    apart = large - large.mean(dim=0)
    products = apart @ apart.mT
    ridge = RIDGE * products.diagonal().mean() * torch.eye(len(known), dtype=torch.float64)
    shares = torch.linalg.solve(products + ridge, apart @ (vector.double() - large.mean(dim=0)))
    start: Tensor = own.mean(dim=0) + shares @ (own - own.mean(dim=0))
    return start.float()
