"""How strongly each painting is applied, so that all end equally good.

How far a network gets in a style at a given weight of the style loss differs from painting to
painting in a way that nothing known beforehand predicts: at equal weights one drowns the photo while
the next is hardly seen. So the weights follow what is measured.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn

from impasto.model.perception.config import BalanceConfig
from impasto.model.perception.objective import Losses


class Balance(nn.Module):
    """The weight of each style's loss, (N,), and the measurements that it follows.

    photo_distances: D of untouched photos from each painting, (N,).
    """

    strengths: Tensor
    _aims: Tensor
    _sums: Tensor

    def __init__(self, config: BalanceConfig, photo_distances: Tensor) -> None:
        super().__init__()
        self.config = config
        aims = (config.remaining * photo_distances).clamp(max=config.distance)
        self.register_buffer("strengths", torch.ones_like(aims))
        self.register_buffer("_aims", aims, persistent=False)
        self.register_buffer("_sums", aims.new_zeros(len(aims), 3))  # of D, of C, number of pictures

    def update(self, losses: Losses, rows: Tensor) -> None:
        """Take in the losses of a batch, rows its styles (B,); pictures without a finite loss do not count."""
        seen = torch.stack(
            [losses.style_distance, losses.content_error, torch.ones_like(losses.content_error)], dim=1
        ).to(self._sums)
        new = torch.zeros_like(self._sums).index_add_(
            0, rows, torch.where(seen.isfinite().all(dim=1, keepdim=True), seen, 0.0)
        )
        if dist.is_initialized():
            dist.all_reduce(new)
        self._sums += new
        distance, content_error, count = self._sums.unbind(dim=1)
        # where nothing was seen yet this is not finite, but also not used
        missing = torch.minimum(distance / count / self._aims, self.config.content_error * count / content_error)
        followed = self.strengths * missing.pow(self.config.rate)
        full = count >= self.config.pictures
        self.strengths.copy_(
            torch.where(full, followed.clamp(1 / self.config.largest, self.config.largest), self.strengths)
        )
        self._sums[full] = 0.0
