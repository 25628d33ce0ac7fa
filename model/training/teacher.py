"""A trained network whose paintings a smaller one learns to paint.

G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network" (2015), for pictures: the student sees,
for every photo, what it should have painted, down to the pixel. Losses of perception say only how far off it is, at
many times the price: a photo painted by the teacher costs a tenth of a pass through the loss network and back.

A teacher also paints blends, for which there is no painting to compare with. The student learns them as it learns
styles, so that its own blends move as the teacher's do.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import fastest
from impasto.model.styles.style import Style
from impasto.model.training.config import TeachingConfig


class Teacher(nn.Module):
    """Paints what a student should, in mixtures of the student's styles, (B, N), which sum to 1.

    Raises InvalidValue for a style that it does not have.
    """

    vectors: Tensor

    def __init__(self, source: Checkpoint, styles: Sequence[Style], config: TeachingConfig, device: torch.device):
        super().__init__()
        if unknown := [style.id for style in styles if style.id not in source.styles]:
            raise InvalidValue(f"the teacher does not paint {', '.join(unknown)}; leave them out, or name another")
        self.config, self.network_id = config, source.network_id
        self.network = fastest(source.network, device, torch.float32, source.channels)
        rows = [source.styles.row(style.id) for style in styles]
        self.register_buffer("vectors", source.styles.vectors[rows].to(device), persistent=False)

    @torch.no_grad()
    def paint(self, photos: Tensor, mixtures: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> painted (B, 3, H, W)."""
        painted: Tensor = self.network(photos, mixed(mixtures, self.vectors))
        return painted

    def error(self, painted: Tensor, taught: Tensor) -> Tensor:
        """How far the student's pictures are from the teacher's, weighted: one number for a batch."""
        return self.config.weight * (painted - taught).abs().mean()


def mixed(mixtures: Tensor, vectors: Tensor) -> Tensor:
    """Mixtures (B, N) of style vectors (N, E) -> (B, E); in their own precision under autocast too."""
    return (mixtures[..., None] * vectors).sum(dim=1)


def blends(rows: Tensor, styles: int, count: int, generator: torch.Generator) -> Tensor:
    """Rows of styles (B,) as mixtures (B, N): in so many of them, the last, another style has a part, at random."""
    mixtures = F.one_hot(rows, styles).float()
    others = torch.randint(styles, (count, 1), generator=generator)
    part = torch.rand(count, 1, generator=generator)
    blended = mixtures[len(rows) - count :]
    blended *= part
    blended.scatter_add_(1, others, 1 - part)
    return mixtures
