"""A texture like a painting's, of any size: the style loss alone, from noise.

L. Gatys, A. Ecker, M. Bethge, "Texture Synthesis Using Convolutional Neural Networks", NeurIPS 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from model.images import scaled
from model.loss_network import Name, Pooling
from model.optimization.descent import Progress, Stop
from model.optimization.memory import check_memory
from model.optimization.networks import Precision, load_network
from model.optimization.objective import Objective, Range, Style, check_painting, painting_grams
from model.optimization.schedule import SMALLEST, Size, Stage, fitting_count, noise, octaves, refine, stages
from model.resize import resample
from model.shares import parse_shares

COARSEST = 128
"""Pixels on the longer side from which a texture is refined by default: its large shapes are found first."""


@dataclass(frozen=True)
class TextureConfig:
    """What is minimised, and how."""

    width: int = 512
    """Pixels of the texture."""
    height: int = 512
    network: Name = "vgg16"
    """The loss network: vgg16 or vgg19."""
    pooling: Pooling = "average"
    """Of the loss network: average or max."""
    layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    """Layers in whose Gram matrices the texture should equal the painting, as LAYER or LAYER=WEIGHT; without weights,
    equal shares."""
    painting_size: int = 512
    """Longest side in pixels at which the painting is looked at, and so the size of what is repeated."""
    sizes: int | None = None
    """Sizes from coarse to fine, each twice the one before. None: as many as begin at about 128 pixels."""
    seed: int = 0
    """Of the noise that it begins as."""
    method: Literal["lbfgs", "adam"] = "lbfgs"
    """lbfgs or adam."""
    precision: Precision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=Stop)
    """When to stop, at the coarsest size; each finer one has half the steps of the one before."""


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
        check_memory(self._network, full, config.method, self._device)
        check_painting(self._network, painting, self._style_side(self.plan[0].size), config.painting_size, self._device)

    @property
    def steps(self) -> int:
        """Of all sizes together, at the most."""
        return sum(stage.stop.steps for stage in self.plan)

    def run(self) -> Iterator[Progress]:
        """Make the texture, step by step. Raises Diverged."""
        return refine(self.plan, self._start, self._losses, method=self.config.method)

    @torch.no_grad()
    def objective(self, size: Size) -> Objective:
        """What is minimised at a size (height, width) of the texture."""
        grams = painting_grams(self._network, self._painting, self._style_side(size), self._device)
        shares = torch.ones(1, device=self._device)
        styles = [Style(layer, grams[layer], shares, weight) for layer, weight in self._layers.items()]
        return Objective(self._network, [*styles, Range()])

    def _style_side(self, size: Size) -> int:
        """The longer side in pixels at which the painting is looked at, for a texture of a size."""
        return round(self.config.painting_size * size[0] / self.config.height)

    def _losses(self, stage: Stage) -> Objective:
        return self.objective(stage.size).compiled_for(stage)

    def _start(self, size: Size, before: Tensor | None) -> Tensor:
        return noise(size, self.config.seed).to(self._device) if before is None else resample(before, *size)
