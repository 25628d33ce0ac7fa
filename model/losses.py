"""Content, style and total-variation losses: pure functions of images and features.

L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016,
with the weights and normalizations of Dumoulin et al. (ICLR 2017). Every loss is one number per
image, (B,), so that the caller can weigh and report each style by itself.
"""

from __future__ import annotations

import torch
from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Correlations of the channels: (B, C, H, W) -> (B, C, C), summed over positions, / (H·W).

    Float32 even under autocast: the sums run over every position.
    """
    flat = features.float().flatten(2)
    with torch.autocast(flat.device.type, enabled=False):  # it would round the product again
        return flat @ flat.mT / flat.shape[2]


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


def relative_error(values: Tensor, target: Tensor) -> Tensor:
    """‖values − target‖² / ‖target‖² of each item: (B, …) -> (B,). 0 is equal, 1 as far as zero."""
    difference = (values - target).flatten(1).square().sum(dim=1)
    return difference / target.flatten(1).square().sum(dim=1)
