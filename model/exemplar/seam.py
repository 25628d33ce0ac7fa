"""Where to cut two pictures that overlap, so that the cut shows least."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def seams(errors: Tensor) -> Tensor:
    """(B, length, width), how much shows at each place -> (B, length): at each row the column of the cut.

    The cut goes from the first row to the last, from one to the next by at most a column, and the sum along it is the
    least. By dynamic programming, all B at once (A. Efros, W. Freeman, SIGGRAPH 2001, section 2.1). Of equal ones the
    leftmost is taken, from the end.
    """
    first, *rest = errors.unbind(1)
    total, moves = first, []
    for row in rest:
        beside = F.pad(total, (1, 1), value=torch.inf)
        least, move = torch.stack([beside[:, :-2], total, beside[:, 2:]]).min(dim=0)
        total = row + least
        moves.append(move - 1)
    path = [total.argmin(dim=1)]
    for move in reversed(moves):
        path.append(path[-1] + move.gather(1, path[-1][:, None])[:, 0])
    return torch.stack(path[::-1], dim=1)
