"""Images in other sizes, and added up: on the CPU by kernels of its own, where they can be built, else by PyTorch.

A sum of which a term is resampled is written once, and sizes that follow one another are one.
"""

from __future__ import annotations

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.native.building import LANES
from impasto.model.pictures.bands import LONGEST, Bands, bands, box
from impasto.model.pictures.picture import as_values
from impasto.model.pictures.plane_kernels import MOST, PlaneKernels, kernels

Size = tuple[int, int]
"""Height and width in pixels."""
Term = tuple[float, Tensor, *tuple[Size, ...]]
"""So many times images (B, C, H, W), as they are when they are brought to these sizes, one after the other."""


def weighted_sum(*terms: Term, bounded: bool = False) -> Tensor:
    """Of terms that are of one size; bounded: from 0 to 1. Three, one of them resampled, are as fast as one."""
    resampled = list(filter(_is_resampled, terms))
    found = _kernels(*(images for _, images, *_ in terms))
    if found is None or len(terms) > MOST or len(resampled) > 1 or not all(map(_suits, terms)):
        total = reduce(torch.add, (weight * resample(images, *sizes) for weight, images, *sizes in terms))
        return total.clamp_(0, 1) if bounded else total
    plain = [(term[0], term[1].contiguous()) for term in terms if not _is_resampled(term)]
    for weight, images, *sizes in resampled:
        heights, widths = zip(images.shape[2:], *sizes, strict=True)
        columns, rows = bands(*widths), bands(*heights)
        wide = found.wider(images.contiguous(), columns) if columns else images.contiguous()
        if rows:
            return found.higher(wide, rows, weight, plain, bounded=bounded)
        plain.append((weight, wide))
    return found.add(plain, bounded=bounded)


def resample(images: Tensor, *sizes: Size) -> Tensor:
    """(B, C, H, W) in these sizes, one after the other: bicubic, antialiased; edges overshoot a little.

    In their own they are themselves.
    """
    if not _is_resampled((1, images, *sizes)):
        return images
    if _kernels(images) and _suits((1, images, *sizes)):
        return weighted_sum((1, images, *sizes))
    for size in sizes:
        planes = images.contiguous()  # which take half the time of pixels
        images = F.interpolate(planes, size, mode="bicubic", antialias=True)
    return images


def higher(images: Tensor, rows: Bands) -> Tensor:
    """(…, H, W) -> (…, n, W): each row a sum of some of theirs."""
    found = _kernels(images)
    if found is None or images.shape[-1] < LANES:
        return _gathered(images, rows)
    return found.higher(images.contiguous(), rows)


def mean_around(images: Tensor, radius: int) -> Tensor:
    """(C, H, W) -> the same of means over so many pixels on every side; beyond the border its pixels are repeated."""
    height, width = images.shape[1:]
    found = _kernels(images)
    if found and _fit((height, width)):
        return found.higher(found.wider(images.contiguous(), box(width, radius)), box(height, radius))
    side, padded = 2 * radius + 1, F.pad(images[None], (radius,) * 4, mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(padded, (side, 1), stride=1), (1, side), stride=1)[0]


def as_pixels(images: Tensor, padding: tuple[int, int, int, int], less: float) -> Tensor:
    """Images (B, 3, H, W) in [0, 1], or of uint8, less a constant, channels-last.

    padding: left, right, above and below, mirrored.
    """
    of_bytes = images.dtype is torch.uint8
    found = _kernels(images, dtype=torch.uint8 if of_bytes else torch.float32)
    if found and (images.permute(0, 2, 3, 1) if of_bytes else images).is_contiguous():
        return found.as_pixels(images, padding, less)
    padded = F.pad(as_values(images) - less, padding, mode="reflect")
    return padded.contiguous(memory_format=torch.channels_last)


def _kernels(*images: Tensor, dtype: torch.dtype = torch.float32) -> PlaneKernels | None:
    """Where there are some for these images."""
    suit = all(each.device.type == "cpu" and each.dtype is dtype and not each.requires_grad for each in images)
    return kernels() if suit else None


def _gathered(images: Tensor, rows: Bands) -> Tensor:
    firsts, weights = rows.firsts.to(images.device), rows.weights.to(images)
    parts = (images[..., firsts + tap, :] * weights[:, tap, None] for tap in range(weights.shape[1]))
    return reduce(torch.Tensor.add_, parts)


def _suits(term: Term) -> bool:
    _, images, *sizes = term
    return _fit((images.shape[2], images.shape[3]), *sizes)


def _fit(*sizes: Size) -> bool:
    """Whether kernels take images that have these sizes, one after the other."""
    return sizes[-1][1] >= LANES and max(map(max, sizes)) <= LONGEST


def _is_resampled(term: Term) -> bool:
    _, images, *sizes = term
    return any(size != tuple(images.shape[2:]) for size in sizes)
