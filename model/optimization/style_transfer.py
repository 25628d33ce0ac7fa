"""A photo painted like one painting or several, by optimisation.

L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from model.color import keep_color
from model.images import scaled
from model.loss_network import Name, Pooling
from model.optimization.descent import Progress, Stop
from model.optimization.memory import check_memory
from model.optimization.networks import Precision, load_network
from model.optimization.objective import (
    Content,
    Objective,
    Range,
    Style,
    Term,
    Variation,
    check_painting,
    painting_grams,
)
from model.optimization.schedule import Size, Stage, fitting_count, noise, octaves, refine, stages
from model.resize import center_crop, resample
from model.shares import parse_shares
from model.styles import InvalidWeights, convex

COARSEST = 384
"""Pixels on the longer side from which a picture is refined by default."""
Start = Literal["photo", "painting", "noise"]


@dataclass(frozen=True)
class TransferConfig:
    """What is minimised, and how. Layers and networks are the paper's but for VGG-16 in place of 19."""

    size: int | None = None
    """Longest side of the picture in pixels. None: the photo's own."""
    network: Name = "vgg16"
    """The loss network: vgg16 or vgg19."""
    pooling: Pooling = "average"
    """Of the loss network: average, which the paper finds more pleasing, or max, as it was trained."""
    content_layers: tuple[str, ...] = ("relu4_2",)
    """Layers in which the picture should equal the photo, as LAYER or LAYER=WEIGHT; without weights, equal shares."""
    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    """Layers in whose Gram matrices it should equal the painting, in the same way."""
    content_weight: float = 1.0
    """α, of the content loss."""
    style_weight: float = 10.0
    """β, of the style loss."""
    variation_weight: float = 1.0
    """Of the total variation, which smooths."""
    variation_exponent: float = 1.0
    """Of the total variation: 1 blurs, less keeps edges."""
    start: Start = "photo"
    """What the picture is at first: photo, painting (the first of several) or noise."""
    seed: int = 0
    """Of the noise."""
    style_scale: float = 1.0
    """Size of the painting, and so of its strokes, relative to the picture's."""
    sizes: int | None = None
    """Sizes from coarse to fine, each twice the one before. None: as many as begin at about 384 pixels."""
    preserve_color: bool = False
    """Keep the photo's colours."""
    method: Literal["lbfgs", "adam"] = "lbfgs"
    """lbfgs or adam."""
    rate: float | None = None
    """Size of a step: of L-BFGS a factor, 1 by default; of Adam in values of [0, 1], 0.02."""
    precision: Precision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=Stop)
    """When to stop, at the coarsest size; each finer one has half the steps of the one before."""

    def __post_init__(self) -> None:
        if not all(0 <= weight < math.inf for weight in (self.content_weight, self.style_weight)):
            raise ValueError("content-weight and style-weight are numbers of at least 0")
        if not 0 < self.style_scale < math.inf:
            raise ValueError("style-scale is a number above 0")
        Variation(self.variation_weight, self.variation_exponent)  # which checks them


class StyleTransfer:
    """A photo and its paintings, ready to become a picture.

    photo, paintings: (3, H, W) in [0, 1]. shares: of the paintings, at least 0 with sum 1; None: equal ones.
    weights: of the loss network; None: as `load_weights` finds them.
    Raises TooLarge, InvalidWeights, LossNetworkMissing; ValueError for layers that are not there, or a schedule
    that begins at nothing.
    """

    def __init__(
        self,
        photo: Tensor,
        paintings: Sequence[Tensor],
        config: TransferConfig | None = None,
        *,
        shares: Sequence[float] | None = None,
        device: torch.device | None = None,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.config = config = config or TransferConfig()
        self.device = device or torch.device("cpu")
        self._photo, self._paintings = photo, list(paintings)
        if not paintings:
            raise ValueError("name a painting")
        shares = convex(shares or [1 / len(paintings)] * len(paintings))
        if len(shares) != len(paintings):
            raise InvalidWeights(f"{len(shares)} shares for {len(paintings)} paintings")
        self._shares = torch.tensor(shares, device=self.device)
        self._content_layers = parse_shares(config.content_layers)
        self._style_layers = parse_shares(config.style_layers)
        own = photo.shape[1], photo.shape[2]
        full = own if config.size is None else scaled(own, config.size)
        count = fitting_count(full, coarsest=COARSEST) if config.sizes is None else config.sizes
        self.plan = stages(octaves(full, count), config.stop)
        layers = [*self._content_layers, *self._style_layers]
        self._network = load_network(config, layers, self.device, weights)
        check_memory(self._network, full, config.method, self.device, compared=self._content_layers)
        coarsest, finest = self._style_side(self.plan[0].size), self._style_side(full)
        for painting in self._paintings:
            check_painting(self._network, painting, coarsest, finest, self.device)

    @property
    def steps(self) -> int:
        """Of all sizes together, at the most."""
        return sum(stage.stop.steps for stage in self.plan)

    def run(self, resume: Progress | None = None) -> Iterator[Progress]:
        """Make the picture, step by step; `picture` shows it. Raises Diverged."""
        config = self.config
        return refine(self.plan, self._start, self._losses, method=config.method, rate=config.rate, resume=resume)

    def picture(self, progress: Progress) -> Tensor:
        """What there is after a step: (3, H, W) in [0, 1], on the CPU, of the size it has got to."""
        painted = progress.picture
        if not self.config.preserve_color:
            return painted
        return keep_color(painted, resample(self._photo[None], *painted.shape[1:])[0].clamp(0, 1))

    @torch.no_grad()
    def objective(self, size: Size) -> Objective:
        """What is minimised at a size (height, width)."""
        config = self.config
        photo = self._network(self._at(size))
        side = self._style_side(size)
        grams = [painting_grams(self._network, painting, side, self.device) for painting in self._paintings]
        terms: list[Term] = [
            Content(layer, photo[layer].float(), config.content_weight * weight)
            for layer, weight in self._content_layers.items()
        ]
        terms += [
            Style(layer, torch.cat([each[layer] for each in grams]), self._shares, config.style_weight * weight)
            for layer, weight in self._style_layers.items()
        ]
        if config.variation_weight:
            terms.append(Variation(config.variation_weight, config.variation_exponent))
        return Objective(self._network, [*terms, Range()])

    def _style_side(self, size: Size) -> int:
        """The longer side in pixels at which the paintings are looked at, for a picture of a size."""
        return round(self.config.style_scale * max(size))

    def _at(self, size: Size) -> Tensor:
        """The photo at a size, (1, 3, H, W), on the device."""
        return resample(self._photo[None], *size).clamp(0, 1).to(self.device)

    def _losses(self, stage: Stage) -> Objective:
        return self.objective(stage.size).compiled_for(stage)

    def _start(self, size: Size, before: Tensor | None) -> Tensor:
        """The image to begin a size with: the one of the size before, or what the configuration says."""
        if before is not None:
            return resample(before, *size)
        if self.config.start == "photo":
            return self._at(size)
        if self.config.start == "painting":
            height, width = size
            return center_crop(self._paintings[0], width, height)[None].to(self.device)
        return noise(size, self.config.seed).to(self.device)
