"""What the network is made of where gradients pass through it on a CPU: by kernels, many times as fast as PyTorch.

A style is fitted so: the convolutions stay, and gradients pass through all of them to γ and β.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impasto.model.native import normalization
from impasto.model.native.convolution import convolved, precision_of, precisions
from impasto.model.network.statistics import EPSILON


class Convolution(nn.Conv2d):
    """A convolution without padding or bias; by kernels where gradients pass through it, and its weights stay."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W')."""
        passes = torch.is_grad_enabled() and input.requires_grad and not self.weight.requires_grad
        if not passes or self.stride != (1, 1) or input.device.type != "cpu" or torch.compiler.is_compiling():
            return super().forward(input)
        precision = precision_of(input, self.weight)
        if precision is None or precision not in precisions(self.weight):
            return super().forward(input)
        return convolved(input.to(precision), self.weight)


def normalized(features: Tensor, style: Tensor) -> Tensor | None:
    """Features (B, C, H, W) in styles (B, 2C), γ first, where kernels do it: what is compiled, its compiler fuses."""
    each_its_own = style.shape == (len(features), 2 * features.shape[1])
    if torch.compiler.is_compiling() or not each_its_own or not normalization.normalizes(features):
        return None
    gamma, beta = style.float().chunk(2, dim=-1)
    return normalization.normalized(features, gamma, beta, EPSILON)
