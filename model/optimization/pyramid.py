"""The Laplacian pyramid: an image as what each of its sizes adds to the one half as large.

P. Burt, E. Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983. A step along its coefficients changes large
shapes and colours as readily as details, where one along the pixels changes details first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch.nn.functional as F
from torch import Tensor

SMALLEST = 8
"""Pixels that the shorter side of the smallest size has at least."""


def laplacian(image: Tensor) -> list[Tensor]:
    """(1, 3, H, W) -> what each size adds, the largest first, and the smallest size itself."""
    details = []
    while min(image.shape[2:]) >= 2 * SMALLEST:
        small = _halved(image)
        details.append(image - _enlarged(small, image))
        image = small
    return [*details, image]


def collapsed(pyramid: Sequence[Tensor]) -> Tensor:
    """What `laplacian` made, put together again."""
    return reduce(lambda image, detail: detail + _enlarged(image, detail), reversed(pyramid))


def without_details(image: Tensor) -> Tensor:
    """(1, 3, H, W) -> the image as half its size shows it."""
    return _enlarged(_halved(image), image)


def _halved(image: Tensor) -> Tensor:
    height, width = image.shape[2:]
    return F.interpolate(image, size=(height // 2, width // 2), mode="area")


def _enlarged(image: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(image, size=like.shape[2:], mode="bilinear")
