"""How strongly each painting is applied, so that all end equally good.

How far a network gets in a style at a given weight of the style loss differs from painting to
painting in a way that nothing known beforehand predicts: at equal weights one drowns the photo while
the next is hardly seen. So the weights follow what is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from model.training.objective import Losses


@dataclass(frozen=True)
class BalanceConfig:
    """Where each style should end, and how fast its weight follows.

    A style is applied more strongly while its pictures are too far from the painting, and less once
    they are near enough or have lost too much of the photo.
    """

    remaining: float = 0.2
    """Distance D of a style's pictures that is near enough, as a share of the untouched photos' distance."""
    distance: float = 1.0
    """Distance D that must be reached even where the photos are so far that a share of it is easy."""
    content_error: float = 1.15
    """Content error C that is too much."""
    rate: float = 0.3
    """How fast: every so many pictures, a style's weight is multiplied by what is missing, to this power. 0: never."""
    pictures: int = 8
    """Pictures of a style over which C and D are averaged."""
    largest: float = 8.0
    """Factor, up or down, by which weights may differ from equal ones."""

    def __post_init__(self) -> None:
        if min(self.remaining, self.distance, self.content_error) <= 0 or self.pictures < 1 or self.largest < 1:
            raise ValueError(
                "balance: remaining, distance and content-error are above 0, pictures and largest at least 1"
            )


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
