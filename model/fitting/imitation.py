"""A style vector of one network that is learned from what another network paints.

As a small network itself learns (`model/training/teacher.py`): the pictures are there already, and to compare pixels
takes none of the loss network's time.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from impasto.model.network.style_network import StyleNetwork
from impasto.model.styles.table import StyleTable

STEPS, BATCH, LEARNING_RATE = 80, 4, 0.05
RIDGE = 0.1
"""Of the regression that finds the start, relative to the mean variance of known styles."""


def imitate(network: StyleNetwork, start: Tensor, photos: Tensor, painted: Tensor) -> Tensor:
    """The style vector (E,), on the CPU, with which a network paints pictures like these.

    start: the vector to begin from. photos, painted: (P, 3, S, S) in [0, 1], and the pictures of them.
    """
    network = deepcopy(network).requires_grad_(False).to(photos.device)
    network.to(memory_format=torch.channels_last)
    vector = nn.Parameter(start.to(photos.device, copy=True))
    optimizer = torch.optim.Adam([vector], lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=STEPS)
    random = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        some = torch.randperm(len(photos), generator=random)[:BATCH]
        error = (network(photos[some], vector.expand(len(some), -1)) - painted[some].to(photos.device)).abs().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
    return vector.detach().cpu()


def likeliest(vector: Tensor, styles: StyleTable, others: StyleTable) -> Tensor:
    """A vector (E,) of the network of some styles as one (E',) of the network of others, as far as those tell that both
    networks know.

    Both networks blend, so what is so much of each known style to the one should be as much of each to the other.
    """
    known = [style_id for style_id in styles.ids if style_id in others]
    here, there = (table.vectors[[table.row(each) for each in known]].double() for table in (styles, others))
    if len(known) == 1:  # which tells of no direction
        return there[0].float()
    apart = here - here.mean(dim=0)
    products = apart @ apart.mT
    ridge = RIDGE * products.diagonal().mean() * torch.eye(len(known), dtype=torch.float64)
    shares = torch.linalg.solve(products + ridge, apart @ (vector.double() - here.mean(dim=0)))
    start: Tensor = there.mean(dim=0) + shares @ (there - there.mean(dim=0))
    return start.float()
