"""Content, style and total-variation losses: pure functions of images and features.

L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016,
with the weights and normalizations of Dumoulin et al. (ICLR 2017). Every loss is one number per
image, (B,), so that the caller can weigh and report each style by itself.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.perception.spectrum import frequencies, opponent_planes, standing_out

GRID_PERIOD, GRID_WINDOW = 4, 64
"""Pixels: how often what two stages of upsampling by 2 leave behind repeats, and over how far it is looked for."""

UNSEEN = 0.1 / 255
"""Difference of two pixels, of values in [0, 1], that is none."""
LINES = frequencies(periods=(3, 12), oblique=10)
"""Of the regular lines that a network paints where a photo is calm."""


def gram(features: Tensor) -> Tensor:
    """Correlations of the channels: (B, C, H, W) -> (B, C, C), summed over positions, / (H·W); at least float32.

    Under autocast too: the sums run over every position. Only bfloat16 features are multiplied as they are: hardware
    sums such products in float32, so that gradients stay what they were, in a quarter of the time (AMX).
    """
    positions = features.permute(0, 2, 3, 1).flatten(1, 2)
    if positions.dtype != torch.bfloat16:
        positions = positions.to(torch.promote_types(positions.dtype, torch.float32))
    product: Tensor = _Correlations.apply(positions)
    return product / positions.shape[1]


class _Correlations(torch.autograd.Function):
    """Pᵀ P of P, (B, N, C), in at least float32. Its gradient is one product of matrices; PyTorch adds up two."""

    @staticmethod
    def forward(ctx: Any, positions: Tensor) -> Tensor:
        ctx.save_for_backward(positions)
        with torch.autocast(positions.device.type, enabled=False):  # it would round the product again
            product = positions.mT @ positions
        return product.to(torch.promote_types(product.dtype, torch.float32))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (positions,) = ctx.saved_tensors
        with torch.autocast(positions.device.type, enabled=False):
            found: Tensor = positions @ (gradient + gradient.mT).to(positions.dtype)
        return found


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of two feature maps (B, C, H, W) -> (B,)."""
    return (features.float() - target.float()).square().mean(dim=(1, 2, 3))


def style_loss(grams: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of two Gram matrices (B, C, C) -> (B,)."""
    return (grams - target).square().mean(dim=(1, 2))


def total_variation(images: Tensor, exponent: float = 1.0) -> Tensor:
    """Mean of ((Δh)² + (Δw)²)^exponent over pixels and their lower and right neighbours, (B, C, H, W) -> (B,).

    A. Mahendran, A. Vedaldi, "Understanding Deep Image Representations by Inverting Them", CVPR 2015, with the mean
    for their sum. An exponent of 1 blurs edges, 0.5 keeps them and flattens what is between.
    """
    energy = images.diff(dim=2)[..., :-1].square() + images.diff(dim=3)[..., :-1, :].square()
    if exponent != 1:
        energy = (energy + UNSEEN**2) ** exponent  # whose slope at 0 would have no end
    return energy.mean(dim=(1, 2, 3))


def color_variation(images: Tensor) -> Tensor:
    """Mean squared difference of neighbouring pixels in colour, not brightness, (B, 3, H, W) -> (B,).

    Over the opponent channels red − green and blue − (red + green) / 2. A loss network trained on JPEG files, which
    keep colour at half the resolution, hardly sees colour this fine, and so leaves a painting network free to draw
    with it: the red and green diagonals of fast style transfer.
    """
    return total_variation(opponent_planes(images)[:, 1:])


def grid_energy(images: Tensor) -> Tensor:
    """Share of the fine detail that repeats with the pixel grid, every 4 pixels, (B, 3, H, W) -> (B,), in 0 to 1.

    The variance of the mean 4 × 4 pixels of a window of brightness, relative to all of the window's detail: strokes
    and edges lie anywhere on the grid and average out, to 0.006 in photos. What remains is the network's own: the
    pixels of its smallest feature maps, which the loss network hardly sees.
    """
    brightness = images.float().mean(dim=1, keepdim=True)
    detail = brightness - F.avg_pool2d(brightness, 5, stride=1, padding=2, count_include_pad=False)  # no shades
    rows, columns = (side // GRID_PERIOD for side in images.shape[2:])
    tiles = F.pixel_unshuffle(detail[..., : GRID_PERIOD * rows, : GRID_PERIOD * columns], GRID_PERIOD)
    window = min(GRID_WINDOW // GRID_PERIOD, rows, columns)
    mean_tile, energy = (F.avg_pool2d(each, window, stride=max(1, window // 2)) for each in (tiles, tiles.square()))
    locked = mean_tile.var(dim=1, correction=0)
    energy = energy.mean(dim=1)
    unseen = (1 / 255) ** 2
    return (locked / (energy.detach() + unseen)).mean(dim=(1, 2))


def line_energy(images: Tensor) -> Tensor:
    """How much regular fine lines stand out from other detail, (B, 3, H, W) -> (B,): photos 0.1, and no upper end.

    Summed over brightness and two opponent colours and over frequencies: by how many times the energy around each the
    energy at it is more than that. A brush has a slope but no period; lines have both, and are the cheapest texture
    with a painting's Gram matrices.
    """
    ratio = standing_out(opponent_planes(images.float()), LINES)
    return (ratio - 1).clamp_min(0).sum(dim=(1, 2))


def relative_error(values: Tensor, target: Tensor) -> Tensor:
    """‖values − target‖² / ‖target‖² of each item: (B, …) -> (B,). 0 is equal, 1 as far as zero."""
    difference = (values - target).flatten(1).square().sum(dim=1)
    return difference / target.flatten(1).square().sum(dim=1)
