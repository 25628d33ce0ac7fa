"""What the network is made of where gradients pass through it on a CPU: by kernels, many times as fast as PyTorch.

A style is fitted so: the convolutions stay, and gradients pass through all of them to γ and β.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impasto.model.native import normalization
from impasto.model.native.convolution import BothWays, convolved, precisions
from impasto.model.network.statistics import EPSILON


class Convolution(nn.Conv2d):
    """A convolution without padding or bias; by kernels where gradients pass through it, and its weights stay."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, bias=False)
        self._weights: tuple[int, BothWays] | None = None
        """And of which version."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W')."""
        weight = self.weight
        passes = torch.is_grad_enabled() and input.requires_grad and not weight.requires_grad
        if not passes or self.stride != (1, 1) or input.device.type != "cpu" or torch.compiler.is_compiling():
            return super().forward(input)
        precision = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype
        if precision not in precisions(weight):
            return super().forward(input)
        if self._weights is None or self._weights[0] != weight._version:
            self._weights = weight._version, BothWays(weight)
        return convolved(input.to(precision), self._weights[1])


def normalized(features: Tensor, style: Tensor) -> Tensor | None:
    """Features (B, C, H, W) in styles (B, 2C), γ first, where kernels do it: what is compiled, its compiler fuses."""
    if torch.compiler.is_compiling() or not normalization.normalizes(features):
        return None
    gamma, beta = style.float().chunk(2, dim=-1)
    return normalization.normalized(features, gamma, beta, EPSILON)
