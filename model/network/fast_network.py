"""A trained network rearranged for painting: the same function, in fewer operations and fewer bytes.

Three changes to `impasto.model.network.style_network`, each exact but for rounding:

- A convolution of features whose every pixel was repeated 2×2 sees equal values under several of its weights. Those
  are added beforehand: what is left is a 2×2 convolution over the *corners* of the small features, each of which
  yields the four pixels around it. 4 multiplications instead of 9, and the enlarged features never exist.
- The last convolution has three channels out, where matrix units compute sixteen. It moves by two pixels instead,
  with one more weight in each direction, and yields the four pixels around a corner at once: twelve channels.
- Normalization, activation, residual addition and the next convolution's padding are one operation, `normalize`,
  for which the CPU has kernels of its own (`impasto.model.network.kernels`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.network.style_network import EPSILON, StyleNetwork


@dataclass(frozen=True)
class Then:
    """What a convolution's features need besides the normalization.

    doubled: they are the pixels around corners, (B, 4C, ⌈H/2⌉ + 1, ⌈W/2⌉ + 1), instead of (B, C, H, W).
    residual: added, in place of the ReLU; padded by one pixel on each side, (B, C, H + 2, W + 2).
    padding: pixels added before height and width, after the height, after the width; mirrored, or
        with `replicate` those of the edge.
    exact: float32 is returned instead of the precision of the features.
    """

    doubled: bool = False
    relu: bool = True
    residual: Tensor | None = None
    padding: tuple[int, int, int] = (0, 0, 0)
    replicate: bool = False
    exact: bool = False


Normalize = Callable[[Tensor, Tensor, tuple[int, int], Then], Tensor]
"""`normalize`, or kernels that do the same."""


def normalize(features: Tensor, style: Tensor, size: tuple[int, int], then: Then) -> Tensor:
    """Conditional instance normalization of what a convolution left, as the next convolution needs it.

    features: (B, C, H, W) of the size (H, W), or as `then` says. style: (B, 2C), γ and β. Statistics are float32.
    Returns (B, C, H + padding, W + padding).
    """
    dtype = features.dtype
    if then.doubled:
        features = _around_corners(features, size)
    gamma, beta = style.float()[..., None, None].chunk(2, dim=1)
    values = features.float()
    variance, mean = torch.var_mean(values, dim=(2, 3), correction=0, keepdim=True)
    scale = gamma * torch.rsqrt(variance + EPSILON)
    result = torch.addcmul(beta - mean * scale, values, scale)
    if then.residual is not None:
        result = result + then.residual[..., 1:-1, 1:-1]
    elif then.relu:
        result = F.relu(result)
    before, below, right = then.padding
    if any(then.padding):
        result = F.pad(result, (before, right, before, below), mode="replicate" if then.replicate else "reflect")
    return result if then.exact else result.to(dtype)


class FastNetwork(nn.Module):
    """A `StyleNetwork` for painting only.

    dtype: of weights and features; statistics, and the pictures that come out, are float32.
    """

    def __init__(self, network: StyleNetwork, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype
        self.normalize: Normalize = normalize
        self.style_sizes = [2 * norm.channels for norm in network.norms]
        *plain, up, further_up, last = network.parameters()  # in the order of the layers
        weights = [*plain, corner_weights(up), corner_weights(further_up), strided_weights(last)]
        self.weights = nn.ParameterList(
            nn.Parameter(weight.detach().to(dtype, memory_format=torch.channels_last), requires_grad=False)
            for weight in weights
        )

    def forward(self, photos: Tensor, style_vectors: Tensor) -> Tensor:
        """As `StyleNetwork.forward`, whose shapes and ranges these are; float32 comes out."""
        height, width = photos.shape[2:]
        full, half, quarter = (((height - 1) // n + 1, (width - 1) // n + 1) for n in (1, 2, 4))
        weights = iter(self.weights)
        styles = iter(torch.split(style_vectors, self.style_sizes, dim=1))

        def convolve(x: Tensor, stride: int = 1) -> Tensor:
            return F.conv2d(x, next(weights), stride=stride)

        mirrored = (1, 1, 1)
        # Around zero bfloat16 is exact; near white its steps are half a grey level, of which some styles make textures
        # (41 decibels, now 53). A constant changes nothing: the first normalization takes it out.
        x = convolve(F.pad((photos - 0.5).to(self.dtype), (4, 4, 4, 4), mode="reflect"))
        x = convolve(self.normalize(x, next(styles), full, Then(padding=mirrored)), stride=2)
        x = convolve(self.normalize(x, next(styles), half, Then(padding=mirrored)), stride=2)
        blocks = (len(self.weights) - 6) // 2
        x = self.normalize(x, next(styles), quarter, Then(padding=mirrored, replicate=not blocks))
        for block in range(blocks):
            inner = self.normalize(convolve(x), next(styles), quarter, Then(padding=mirrored))
            last = block == blocks - 1
            x = self.normalize(
                convolve(inner), next(styles), quarter, Then(residual=x, padding=mirrored, replicate=last)
            )
        x = self.normalize(convolve(x), next(styles), half, Then(doubled=True, padding=mirrored, replicate=True))
        corners = (5, 5 + height % 2, 5 + width % 2)  # 4 of the kernel, and what is around the outermost corners
        x = self.normalize(convolve(x), next(styles), full, Then(doubled=True, padding=corners))
        x = self.normalize(convolve(x, stride=2), next(styles), full, Then(doubled=True, relu=False, exact=True))
        return torch.sigmoid_(x)


def corner_weights(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, 3, 3) for doubled features -> (4 · C_out, C_in, 2, 2) for the small features' corners.

    The corner before row i touches the rows i − 1 and i of the small features, padded by their edge. The large row
    2i − 1 lies in the first of them: two of a kernel's rows see it, one sees the next. The large row 2i lies in the
    second: one sees the first, two see it. Columns likewise. The four pixels are the slowest axis of the output.
    """
    sees = torch.tensor([[[1.0, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]], dtype=weight.dtype, device=weight.device)
    return torch.einsum("yrk,xcl,oikl->yxoirc", sees, sees, weight).reshape(-1, weight.shape[1], 2, 2)


def strided_weights(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, k, k) -> (4 · C_out, C_in, k + 1, k + 1), which with a stride of two yield the same.

    The four pixels are the slowest axis of the output.
    """
    return torch.cat([F.pad(weight, (x, 1 - x, y, 1 - y)) for y in (0, 1) for x in (0, 1)])


def _around_corners(features: Tensor, size: tuple[int, int]) -> Tensor:
    """The pixels (B, C, *size) around corners (B, 4C, h, w)."""
    pixels: Tensor = features.unflatten(1, (2, 2, -1)).permute(0, 3, 4, 1, 5, 2)  # (B, C, h, 2, w, 2)
    return pixels.flatten(4, 5).flatten(2, 3)[..., 1 : size[0] + 1, 1 : size[1] + 1]
