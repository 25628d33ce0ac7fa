"""A convolution of VGG and the ReLU behind it, in one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.native.convolution import bytes_prepared, precision_of, precisions, rectified


class RectifiedConvolution(nn.Module):
    """A convolution, 3 × 3 with a border of zeros and a bias, and the ReLU behind it.

    On a CPU, and unless its weights are trained, kernels compute it where they can.
    """

    def __init__(self, plain: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = plain
        self._precisions: tuple[torch.dtype, ...] | None = None

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        weight, bias = self.convolution.weight, self.convolution.bias
        if features.device.type == "cpu" and self._precisions is None and not torch.compiler.is_compiling():
            self._precisions = precisions(weight)  # which a compiler cannot ask; losses of paintings come before it
        precision = precision_of(features, weight)
        if features.device.type != "cpu" or weight.requires_grad or precision not in (self._precisions or ()):
            return F.relu(self.convolution(features))
        assert bias is not None and precision is not None
        return rectified(features.to(precision), weight, bias.float())

    @property
    def bytes_prepared(self) -> int:
        """That its kernels take for themselves, on a CPU."""
        weight = self.convolution.weight
        return bytes_prepared(weight) if weight.device.type == "cpu" and precisions(weight) else 0
