"""A texture like a painting's, of any size: the style loss alone, from noise.

L. Gatys, A. Ecker, M. Bethge, "Texture Synthesis Using Convolutional Neural Networks", NeurIPS 2015.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from impasto.model.optimization.config import TextureConfig
from impasto.model.optimization.descent import DescentStep
from impasto.model.optimization.memory import check_memory
from impasto.model.optimization.networks import load_network
from impasto.model.optimization.schedule import (
    SMALLEST,
    Size,
    Stage,
    fitting_count,
    noise,
    octaves,
    refine,
    stages,
)
from impasto.model.optimization.terms import ImageLoss, RangeTerm, StyleTerm, check_painting, painting_grams
from impasto.model.pictures.images import scaled
from impasto.model.pictures.planes import resample
from impasto.model.styles.shares import parse_shares

COARSEST = 128
"""Pixels on the longer side from which a texture is refined by default: its large shapes are found first."""


class Texture:
    """A painting (3, H, W) in [0, 1], ready to become a texture. Raises as StyleTransfer does."""

    def __init__(
        self,
        painting: Tensor,
        config: TextureConfig | None = None,
        *,
        device: torch.device | None = None,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.config = config = config or TextureConfig()
        self._device = device or torch.device("cpu")
        self._painting = painting
        self._layers = parse_shares(config.layers)
        full = config.height, config.width
        looked_at = scaled((painting.shape[1], painting.shape[2]), config.painting_size)
        fitting = min(fitting_count(full, coarsest=COARSEST), fitting_count(looked_at, coarsest=SMALLEST))
        count = fitting if config.sizes is None else config.sizes
        self.plan = stages(octaves(full, count), config.stop)
        self._network = load_network(config, self._layers, self._device, weights)
        check_memory(self._network, full, config.optimizer, self._device)
        check_painting(self._network, painting, self._style_side(self.plan[0].size), config.painting_size, self._device)

    @property
    def steps(self) -> int:
        """Of all sizes together, at the most."""
        return sum(stage.stop.steps for stage in self.plan)

    def run(self) -> Iterator[DescentStep]:
        """Make the texture, step by step. Raises Diverged."""
        return refine(self.plan, self._start, self._losses, optimizer=self.config.optimizer)

    @torch.no_grad()
    def objective(self, size: Size) -> ImageLoss:
        """What is minimised at a size (height, width) of the texture."""
        grams = painting_grams(self._network, self._painting, self._style_side(size), self._device)
        shares = torch.ones(1, device=self._device)
        styles = [StyleTerm(layer, grams[layer], shares, weight) for layer, weight in self._layers.items()]
        return ImageLoss(self._network, [*styles, RangeTerm()])

    def _style_side(self, size: Size) -> int:
        """The longer side in pixels at which the painting is looked at, for a texture of a size."""
        return round(self.config.painting_size * size[0] / self.config.height)

    def _losses(self, stage: Stage, begin: Tensor) -> ImageLoss:
        return self.objective(stage.size).compiled_for(stage)

    def _start(self, size: Size, before: Tensor | None) -> Tensor:
        return noise(size, self.config.seed).to(self._device) if before is None else resample(before, size)
