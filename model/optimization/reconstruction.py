"""What a layer knows of a picture: another picture, found from noise, that looks the same to it.

The first figure of L. Gatys et al., CVPR 2016: a photo from its features at one layer, and a painting from its Gram
matrices at a layer and all before it. The variation that keeps it a picture is A. Mahendran's and A. Vedaldi's
("Understanding Deep Image Representations by Inverting Them", CVPR 2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from model.loss_network import Name, Pooling
from model.losses import gram
from model.optimization.descent import Progress, Stop, descend
from model.optimization.memory import check_memory
from model.optimization.networks import Precision, load_network
from model.optimization.objective import Content, Objective, Range, Style, Term, Variation
from model.optimization.schedule import noise, octaves
from model.resize import center_crop


@dataclass(frozen=True)
class ReconstructionConfig:
    """What is minimised, and how."""

    size: int = 256
    """Pixels a side: the middle of the picture."""
    network: Name = "vgg16"
    """The loss network: vgg16 or vgg19."""
    pooling: Pooling = "average"
    """Of the loss network: average or max."""
    variation_weight: float = 0.0
    """Of the total variation. Deep layers do not see noise, and leave it in the picture without."""
    variation_exponent: float = 1.0
    """Of the total variation: 1 blurs, less keeps edges."""
    seed: int = 0
    """Of the noise that it begins as."""
    method: Literal["lbfgs", "adam"] = "lbfgs"
    """lbfgs or adam."""
    precision: Precision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=Stop)
    """When to stop, each picture."""


class Reconstruction:
    """A picture (3, H, W) in [0, 1], whose middle is to be found again from what some layers know of it.

    layers: all that will be asked for. Raises TooLarge, LossNetworkMissing; ValueError for unknown layers.
    """

    def __init__(
        self,
        picture: Tensor,
        layers: Sequence[str],
        config: ReconstructionConfig | None = None,
        *,
        device: torch.device | None = None,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.config = config = config or ReconstructionConfig()
        self._device = device or torch.device("cpu")
        self._size = octaves((config.size, config.size), 1)[0]
        self._network = load_network(config, layers, self._device, weights)
        check_memory(self._network, self._size, config.method, self._device, compared=layers)
        self.picture = center_crop(picture, config.size)
        with torch.no_grad():
            self._features = self._network(self.picture[None].to(self._device))

    def content(self, layer: str) -> Iterator[Progress]:
        """The picture from its features at a layer, step by step."""
        return self._run([Content(layer, self._features[layer].float())])

    def style(self, layers: Sequence[str]) -> Iterator[Progress]:
        """The picture from its Gram matrices at some layers, step by step."""
        share = torch.ones(1, device=self._device)
        return self._run([Style(layer, gram(self._features[layer]), share, 1 / len(layers)) for layer in layers])

    def _run(self, terms: list[Term]) -> Iterator[Progress]:
        config = self.config
        if config.variation_weight:
            terms.append(Variation(config.variation_weight, config.variation_exponent))
        start = noise(self._size, config.seed).to(self._device)
        return descend(Objective(self._network, [*terms, Range()]), start, method=config.method, stop=config.stop)
