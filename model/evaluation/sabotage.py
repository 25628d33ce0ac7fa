"""Networks broken on purpose: each shows one artefact, so that its measure can be seen to find it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.network.style_network import StyleNetwork, UpConvNorm


def zero_insertion(network: StyleNetwork) -> StyleNetwork:
    """Upsampling that leaves three of four pixels empty, as a transposed convolution does."""

    def every_other(_: nn.Module, arguments: tuple[Tensor]) -> Tensor:
        sparse = torch.zeros_like(arguments[0])
        sparse[..., ::2, ::2] = 4 * arguments[0][..., ::2, ::2]
        return sparse

    broken = deepcopy(network)
    for layer in broken.decoder.modules():
        if isinstance(layer, UpConvNorm):
            layer.conv.register_forward_pre_hook(every_other)
    return broken


def zero_padding(network: StyleNetwork) -> StyleNetwork:
    """Zeros around every feature map, where a network learned to see its reflection."""

    def zeros_around(conv: nn.Module, arguments: tuple[Tensor]) -> Tensor:
        assert isinstance(conv, nn.Conv2d)
        edge = conv.kernel_size[0] // 2
        return F.pad(arguments[0][..., edge:-edge, edge:-edge], (edge,) * 4)

    broken = deepcopy(network)
    for layer in broken.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_pre_hook(zeros_around)
    return broken


def glaring(network: StyleNetwork) -> StyleNetwork:
    """The last γ and β fifty times what they should be."""
    return _with_output(network, lambda output: 50 * output)


def lined(network: StyleNetwork) -> StyleNetwork:
    """Diagonal lines 5.7 pixels apart, red against green, hardly any in luminance."""

    def lines(output: Tensor) -> Tensor:
        down, right = (torch.arange(side, device=output.device) for side in output.shape[2:])
        wave = torch.cos((down[:, None] + right) * math.tau / 8)
        return output + 0.5 * wave * output.new_tensor([1, -1, 0])[:, None, None]

    return _with_output(network, lines)


def hissing(network: StyleNetwork) -> StyleNetwork:
    """Noise in every picture, the same in all."""

    def hiss(output: Tensor) -> Tensor:
        return output + torch.randn(output.shape[1:], generator=torch.Generator().manual_seed(0)).to(output)

    return _with_output(network, hiss)


BROKEN: Mapping[str, Callable[[StyleNetwork], StyleNetwork]] = {
    "checkerboard": zero_insertion,
    "border": zero_padding,
    "saturation": glaring,
    "diagonals": lined,
    "flat_noise": hissing,
}
"""Each measure of `model/perception/artefacts.py` -> what makes a copy of a network that it must find broken."""


def _with_output(network: StyleNetwork, change: Callable[[Tensor], Tensor]) -> StyleNetwork:
    """A copy whose output before the sigmoid, (B, 3, H, W), is changed."""
    broken = deepcopy(network)
    broken.decoder[-1].register_forward_hook(lambda _, __, output: change(output))
    return broken
