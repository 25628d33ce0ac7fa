"""Deep Dream: a picture with more and more of what a layer sees in it.

A. Mordvintsev, C. Olah, M. Tyka, "Inceptionism: Going Deeper into Neural Networks", 2015: gradient ascent on the
activations of a layer, over sizes from coarse to fine ("octaves"), the image shifted a little before every step, so
that what appears does not follow the grid of the layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from model.images import scaled
from model.loss_network import Pooling
from model.optimization.descent import RATES, Losses, Progress, Stop
from model.optimization.memory import check_memory
from model.optimization.networks import Name, Precision, load_network
from model.optimization.objective import Activation, Objective
from model.optimization.schedule import Size, Stage, octaves, refine
from model.resize import resample


@dataclass(frozen=True)
class DreamConfig:
    """What is maximised, and how."""

    size: int | None = None
    """Longest side of the picture in pixels. None: the photo's own."""
    network: Name = "vgg16"
    """vgg16, vgg19, googlenet (the first one's) or inception_v3."""
    layer: str = "relu4_3"
    """Layer whose activations grow: of VGG "relu5_1", say, of Inception "inception4c" or "Mixed_5d"."""
    channel: int | None = None
    """Only this channel of it. None: whatever it sees."""
    pooling: Pooling = "max"
    """Of VGG: max, as it was trained, or average."""
    octaves: int = 4
    """Sizes from coarse to fine."""
    octave_ratio: float = 1.4
    """How much larger each is than the one before."""
    jitter: int = 16
    """Pixels by which the image is shifted at the most."""
    seed: int = 0
    """Of the shifts."""
    rate: float = RATES["gradient"]
    """Mean change of a value by a step."""
    precision: Precision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=lambda: Stop(steps=10))
    """When to leave an octave."""

    def __post_init__(self) -> None:
        if self.jitter < 0:
            raise ValueError("jitter is at least 0")


class DeepDream:
    """A photo (3, H, W) in [0, 1], ready to be dreamed of.

    Raises TooLarge, LossNetworkMissing; ValueError for a layer that is not there, or an octave of nothing.
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

    def run(self) -> Iterator[Progress]:
        """Dream, step by step. Raises Diverged; ValueError for a channel that is not there."""
        return refine(self.plan, self._start, self._losses, method="gradient", rate=self.config.rate)

    def _start(self, size: Size, before: Tensor | None) -> Tensor:
        """The photo at a size, and what was dreamed at the size before: details of the photo stay sharp."""
        photo = resample(self._photo, *size)
        if before is None:
            return photo
        return photo + resample(before - resample(self._photo, *before.shape[2:]), *size)

    def _losses(self, stage: Stage) -> Losses:
        config = self.config
        objective = Objective(self._network, [Activation(config.layer, config.channel)])
        random = torch.Generator().manual_seed(config.seed)

        def jittered(image: Tensor) -> dict[str, Tensor]:
            down, right = torch.randint(-config.jitter, config.jitter + 1, (2,), generator=random).tolist()
            losses: dict[str, Tensor] = objective(image.roll((down, right), dims=(2, 3)))
            return losses

        return jittered
