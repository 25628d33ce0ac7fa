"""A photo painted like one painting or several, by optimisation.

L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.optimization.config import TransferConfig
from impasto.model.optimization.descent import DescentStep
from impasto.model.optimization.memory import check_memory
from impasto.model.optimization.networks import load_network
from impasto.model.optimization.schedule import Size, Stage, fitting_count, noise, octaves, refine, stages
from impasto.model.optimization.terms import (
    ContentTerm,
    ImageLoss,
    RangeTerm,
    StyleTerm,
    Term,
    VariationTerm,
    check_painting,
    painting_grams,
)
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.images import scaled
from impasto.model.pictures.resize import center_crop, resample
from impasto.model.styles.blend import InvalidWeights, convex
from impasto.model.styles.shares import parse_shares

COARSEST = 384
"""Pixels on the longer side from which a picture is refined by default."""


class StyleTransfer:
    """A photo and its paintings, ready to become a picture.

    photo, paintings: (3, H, W) in [0, 1]. shares: of the paintings, at least 0 with sum 1; None: equal ones.
    weights: of the loss network; None: as `load_weights` finds them.
    Raises TooLarge, InvalidWeights, LossNetworkMissing; InvalidValue for layers that are not there, or a schedule
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
            raise InvalidValue("name a painting")
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

    def run(self, resume: DescentStep | None = None) -> Iterator[DescentStep]:
        """Make the picture, step by step; `picture` shows it. Raises Diverged."""
        config = self.config
        return refine(self.plan, self._start, self._losses, method=config.method, rate=config.rate, resume=resume)

    def picture(self, progress: DescentStep) -> Tensor:
        """What there is after a step: (3, H, W) in [0, 1], on the CPU, of the size it has got to."""
        painted = progress.picture
        if not self.config.preserve_color:
            return painted
        return keep_color(painted, resample(self._photo[None], *painted.shape[1:])[0].clamp(0, 1))

    @torch.no_grad()
    def objective(self, size: Size) -> ImageLoss:
        """What is minimised at a size (height, width)."""
        config = self.config
        photo = self._network(self._at(size))
        side = self._style_side(size)
        grams = [painting_grams(self._network, painting, side, self.device) for painting in self._paintings]
        terms: list[Term] = [
            ContentTerm(layer, photo[layer].float(), config.content_weight * weight)
            for layer, weight in self._content_layers.items()
        ]
        terms += [
            StyleTerm(layer, torch.cat([each[layer] for each in grams]), self._shares, config.style_weight * weight)
            for layer, weight in self._style_layers.items()
        ]
        if config.variation_weight:
            terms.append(VariationTerm(config.variation_weight, config.variation_exponent))
        return ImageLoss(self._network, [*terms, RangeTerm()])

    def _style_side(self, size: Size) -> int:
        """The longer side in pixels at which the paintings are looked at, for a picture of a size."""
        return round(self.config.style_scale * max(size))

    def _at(self, size: Size) -> Tensor:
        """The photo at a size, (1, 3, H, W), on the device."""
        return resample(self._photo[None], *size).clamp(0, 1).to(self.device)

    def _losses(self, stage: Stage) -> ImageLoss:
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
