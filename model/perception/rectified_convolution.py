"""A convolution of VGG and the ReLU behind it, in one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.native import convolution
from impasto.model.native.convolution import BothWays, rectified


class RectifiedConvolution(nn.Module):
    """A convolution, 3 × 3 with a border of zeros and a bias, and the ReLU behind it, by kernels where there are any.

    Its weights are not trained.
    """

    def __init__(self, plain: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = plain
        self._precisions = convolution.precisions(plain.weight)  # here, since what compiles `forward` cannot ask
        self._weights = BothWays(plain.weight)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        weight, bias = self.convolution.weight, self.convolution.bias
        precision = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else weight.dtype
        if features.device.type != "cpu" or precision not in self._precisions:
            return F.relu(self.convolution(features))
        assert bias is not None
        return rectified(features.to(precision), bias.float(), self._weights)
