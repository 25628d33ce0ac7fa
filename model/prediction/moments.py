"""What a predictor sees of a painting: how active each channel of the loss network is, and how much that varies.

From such moments F. Shen et al. ("Neural Style Transfer via Meta Networks", CVPR 2018) predict a whole network. Of the
Gram matrices, which say what a style is, they are the diagonal and what is subtracted from it to be variances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.model.perception.config import ObjectiveConfig, Pooling
from impasto.model.perception.loss_network import ARCHITECTURES


@dataclass(frozen=True)
class Look:
    """How a painting is looked at: other moments mean nothing to the same predictor.

    painting_size: its shorter side in pixels, at which strokes are as coarse as the style's are to be.
    loss_network: torchvision's name of the weights.
    """

    layers: tuple[str, ...]
    pooling: Pooling
    painting_size: int
    loss_network: str = ARCHITECTURES["vgg16"].weights

    @classmethod
    def of(cls, objective: ObjectiveConfig) -> Look:
        """As the Gram matrices are measured that a network was trained with."""
        return cls(tuple(objective.style_layers), objective.pooling, objective.painting_size)


def moments(features: Mapping[str, Tensor], layers: Iterable[str]) -> Tensor:
    """Mean and logarithm of the standard deviation of every channel at each layer: (B, C, H, W) each -> (B, 2 Σ C).

    Of 1 + σ, since channels that a painting does not excite at all are no more telling than those it hardly does.
    """
    found = []
    for layer in layers:
        values = features[layer].float()
        mean = values.mean(dim=(2, 3), keepdim=True)
        deviation = (values - mean).square().mean(dim=(2, 3)).sqrt()  # `std_mean` takes twice as long
        found += [mean.flatten(1), deviation.log1p()]
    return torch.cat(found, dim=1)
