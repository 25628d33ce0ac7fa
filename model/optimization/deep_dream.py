"""Deep Dream: a picture with more and more of what a layer sees in it.

A. Mordvintsev, C. Olah, M. Tyka, "Inceptionism: Going Deeper into Neural Networks", 2015: gradient ascent on the
activations of a layer, over sizes from coarse to fine ("octaves"), the image shifted a little before every step, so
that what appears does not follow the grid of the layer.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from impasto.model.optimization.config import DreamConfig
from impasto.model.optimization.descent import DescentStep, LossFunction
from impasto.model.optimization.memory import check_memory
from impasto.model.optimization.networks import load_network
from impasto.model.optimization.schedule import Size, Stage, octaves, refine
from impasto.model.optimization.terms import ActivationTerm, ImageLoss
from impasto.model.pictures.images import scaled
from impasto.model.pictures.planes import resample


class DeepDream:
    """A photo (3, H, W) in [0, 1], ready to be dreamed of.

    Raises TooLarge, LossNetworkMissing; InvalidValue for a layer that is not there, or an octave of nothing.
    """

    def __init__(
        self,
        photo: Tensor,
        config: DreamConfig | None = None,
        *,
        device: torch.device | None = None,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.config = config = config or DreamConfig()
        self._device = device or torch.device("cpu")
        self._photo = photo[None].to(self._device)
        own = photo.shape[1], photo.shape[2]
        full = own if config.size is None else scaled(own, config.size)
        self.plan = [Stage(size, config.stop) for size in octaves(full, config.octaves, ratio=config.octave_ratio)]
        self._network = load_network(config, [config.layer], self._device, weights)
        check_memory(self._network, full, "gradient", self._device, compared=[config.layer])

    @property
    def steps(self) -> int:
        """Of all octaves together."""
        return sum(stage.stop.steps for stage in self.plan)

    def run(self) -> Iterator[DescentStep]:
        """Dream, step by step. Raises Diverged; InvalidValue for a channel that is not there."""
        return refine(self.plan, self._start, self._losses, optimizer="gradient", rate=self.config.rate)

    def _start(self, size: Size, before: Tensor | None) -> Tensor:
        """The photo at a size, and what was dreamed at the size before: details of the photo stay sharp."""
        photo = resample(self._photo, size)
        if before is None:
            return photo
        return photo + resample(before - resample(self._photo, (before.shape[2], before.shape[3])), size)

    def _losses(self, stage: Stage, begin: Tensor) -> LossFunction:
        config = self.config
        objective = ImageLoss(self._network, [ActivationTerm(config.layer, config.channel)])
        random = torch.Generator().manual_seed(config.seed)

        def jittered(image: Tensor) -> dict[str, Tensor]:
            down, right = torch.randint(-config.jitter, config.jitter + 1, (2,), generator=random).tolist()
            losses: dict[str, Tensor] = objective(image.roll((down, right), dims=(2, 3)))
            return losses

        return jittered
