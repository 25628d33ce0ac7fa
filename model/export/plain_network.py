"""The network for other converters, in operators that they know: recipes are in docs/on-device.md.

Its normalizations are two means, as in `impasto.model.export.network_file`. With PyTorch's `var_mean`, which Core ML's
converter does not know, LiteRT's turns all features to channels first and back around each of them, and sums instead of
averaging, which in float16 overflows on large pictures.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from impasto.model.network.statistics import EPSILON, Statistics
from impasto.model.network.style_map import StyleMap
from impasto.model.network.style_network import ConditionalInstanceNorm, ConvNorm, StyleNetwork, UpConvNorm


class PlainNetwork(nn.Module):
    """A copy of a network that measures each picture by itself."""

    def __init__(self, network: StyleNetwork) -> None:
        super().__init__()
        self.network = deepcopy(network).requires_grad_(False).eval()
        for layer in self.network.modules():
            if isinstance(layer, ConvNorm | UpConvNorm):
                layer.norm = _TwoMeans(layer.norm.channels)

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        """(B, 3, H, W), RGB in [0, 1], and style vectors (B, E) -> (B, 3, H, W), RGB in [0, 1]."""
        painting: Tensor = self.network(image, style)
        return painting


class _TwoMeans(ConditionalInstanceNorm):
    def forward(
        self, features: Tensor, style: Tensor, given: Statistics | None = None, where: StyleMap | None = None
    ) -> Tensor:
        """Without statistics that are given, and without a map: nobody gives them here."""
        gamma, beta = style[..., None, None].chunk(2, dim=1)
        apart = features - features.mean((2, 3), keepdim=True)
        variance = (apart * apart).mean((2, 3), keepdim=True)
        return apart * (gamma * torch.rsqrt(variance + EPSILON)) + beta
