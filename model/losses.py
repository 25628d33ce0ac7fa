"""Content, style and total-variation losses: pure functions of images and features.

L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016,
with the weights and normalizations of Dumoulin et al. (ICLR 2017). Every loss is one number per
image, (B,), so that the caller can weigh and report each style by itself.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Correlations of the channels: (B, C, H, W) -> (B, C, C), summed over positions, / (H·W); float32.

    Under autocast too: the sums run over every position. Only bfloat16 features are multiplied as they are: hardware
    sums such products in float32, so that gradients stay what they were, in a quarter of the time (AMX).
    """
    positions = features.permute(0, 2, 3, 1).flatten(1, 2)
    if positions.dtype != torch.bfloat16:
        positions = positions.float()
    with torch.autocast(positions.device.type, enabled=False):  # it would round the product again
        return (positions.mT @ positions).float() / positions.shape[1]


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of two feature maps (B, C, H, W) -> (B,)."""
    return (features.float() - target.float()).square().mean(dim=(1, 2, 3))


def style_loss(grams: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of two Gram matrices (B, C, C) -> (B,)."""
    return (grams - target).square().mean(dim=(1, 2))


def total_variation(images: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels, (B, C, H, W) -> (B,).

    The paper's network needs none (nearest-neighbour upsampling leaves little noise to remove); it
    is here for recipes that want smoother paintings.
    """
    rows = images.diff(dim=2).square().mean(dim=(1, 2, 3))
    columns = images.diff(dim=3).square().mean(dim=(1, 2, 3))
    return rows + columns


def color_variation(images: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels in colour, not brightness, (B, 3, H, W) -> (B,).

    Over the opponent channels red − green and blue − (red + green) / 2. A loss network trained on JPEG files, which
    keep colour at half the resolution, hardly sees colour this fine, and so leaves a painting network free to draw
    with it: the red and green diagonals of fast style transfer.
    """
    red, green, blue = images.unbind(dim=1)
    return total_variation(torch.stack([red - green, blue - (red + green) / 2], dim=1))


def relative_error(values: Tensor, target: Tensor) -> Tensor:
    """‖values − target‖² / ‖target‖² of each item: (B, …) -> (B,). 0 is equal, 1 as far as zero."""
    difference = (values - target).flatten(1).square().sum(dim=1)
    return difference / target.flatten(1).square().sum(dim=1)
