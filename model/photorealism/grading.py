"""A picture in the colours and the light of another.

Two maps of colours, the same at every place, so that nothing comes into being that was not there. The first is the
straight one that gives a cloud of colours the mean and the covariance of another and moves them least (Monge's problem
between Gaussians, of which Kantorovich's form has one solution; F. Pitié, A. Kokaram, "The Linear Monge-Kantorovitch
Linear Colour Mapping for Example-Based Colour Transfer", 2007). The second bends lightness, which is seldom Gaussian,
until as much of the picture is as dark and as light.
"""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.photorealism.palette import Palette

STEEPEST = 2.5
"""How much the first map stretches a direction of colour at the most, and flattens one: a picture that has hardly any
colour, or one that is to take over hardly any, would be noise, or nothing."""
BENT = 1.55
"""The same of lightness, by the second."""
FAINT = 1e-3
"""A difference in OKLab, of which 0.02 is just seen: what varies less is taken not to vary."""


def graded(lab: Tensor, weights: Tensor, target: Palette) -> Tensor:
    """A picture, OKLab (3, H, W), with that palette. weights (H, W): how much its places count among its own."""
    own = Palette.of(lab, weights)
    moved = transported(lab, own, target)
    lightness = _bent(moved[0], Palette.of(moved, weights).lightness, target.lightness)
    return torch.cat([lightness[None], moved[1:]])


def transport(source: Tensor, target: Tensor) -> Tensor:
    """The symmetric matrix (3, 3) that gives what has one covariance (3, 3) the other, and moves it least."""
    faint = FAINT**2 * torch.eye(3, dtype=source.dtype)
    root, inverse = _power(source + faint, 0.5), _power(source + faint, -0.5)
    matrix = inverse @ _power(root @ (target + faint) @ root, 0.5) @ inverse
    values, vectors = torch.linalg.eigh(matrix)
    bounded: Tensor = vectors * values.clamp(1 / STEEPEST, STEEPEST) @ vectors.T
    return bounded


def transported(lab: Tensor, source: Palette, target: Palette) -> Tensor:
    """A picture of one palette, OKLab (3, H, W), with mean and covariance of another: the first map alone."""
    matrix = transport(source.covariance, target.covariance)
    offset = target.mean - matrix @ source.mean
    return torch.einsum("ij,jhw->ihw", matrix.float(), lab) + offset.float()[:, None, None]


def _bent(lightness: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Lightness with the quantiles (17,) of another: piecewise straight, nowhere steeper or flatter than BENT."""
    steps = source.diff()
    slopes = ((target.diff() + FAINT) / (steps + FAINT)).clamp(1 / BENT, BENT)
    levels = torch.cat([steps.new_zeros(1), (slopes * steps).cumsum(0)])
    levels += (target - levels).mean()
    source, slopes, levels = source.float(), slopes.float(), levels.float()
    step = torch.bucketize(lightness, source[1:-1])
    return levels[step] + slopes[step] * (lightness - source[step])


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Of a symmetric matrix, whose eigenvalues are at least nearly 0."""
    values, vectors = torch.linalg.eigh(matrix)
    power: Tensor = vectors * values.clamp_min(FAINT**4) ** exponent @ vectors.T
    return power
