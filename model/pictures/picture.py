"""A picture in memory: 8 bits a channel, as files hold it, and float32 where it is computed with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from impasto.model.pictures.plane_kernels import kernels
from impasto.model.pictures.strips import strips

COLORS = 3
"""Channels of a picture."""

Format = Literal["jpeg", "png", "webp"]
"""The formats that are written."""
MovingFormat = Literal["gif", "webp", "png", "avif"]
"""Those that are written of a picture that moves."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    pixels: (H, W, 3), uint8, sRGB.
    alpha: (H, W), uint8, or None for an opaque picture.
    format: the format in which it is best written back.
    credit: EXIF artist and copyright, the only metadata that survives: every byte as the letter of
        that number, since files tell no encoding.
    reduced_from: width and height in pixels of the file's picture, where a limit made this one smaller.
    """

    pixels: Tensor
    alpha: Tensor | None = None
    format: Format = "png"
    credit: dict[int, str] = field(default_factory=dict)
    reduced_from: tuple[int, int] | None = None

    @classmethod
    def from_rgb(cls, rgb: Tensor) -> Picture:
        """An opaque picture of colours (3, H, W) in [0, 1]."""
        return cls(to_pixels(rgb))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def rgb(self) -> Tensor:
        """(3, H, W), float32 in [0, 1]: made anew each time, of 12 bytes a pixel."""
        return to_rgb(self.pixels)

    def rows(self, rows: slice) -> Picture:
        """Some rows of the picture: a view."""
        return replace(self, pixels=self.pixels[rows], alpha=None if self.alpha is None else self.alpha[rows])

    def with_rgb(self, rgb: Tensor) -> Picture:
        """The same picture in other colours (3, H, W) in [0, 1]: alpha, format and credit are kept."""
        return replace(self, pixels=to_pixels(rgb))

    def on_white(self) -> Picture:
        """The same picture without transparency."""
        if self.alpha is None:
            return self
        pixels = torch.empty_like(self.pixels)
        for rows in strips(*self.alpha.shape):
            rgb, alpha = to_rgb(self.pixels[rows]), self.alpha[rows].float() / 255
            pixels[rows] = to_pixels(rgb * alpha + (1 - alpha))
        return replace(self, pixels=pixels, alpha=None)


def to_rgb(pixels: Tensor) -> Tensor:
    """(H, W, C), uint8 -> (C, H, W), float32 in [0, 1]."""
    return pixels.float().div_(255).permute(2, 0, 1)


def to_planes(pixels: Tensor) -> Tensor:
    """As `to_rgb`, one channel after the other in memory."""
    of_bytes = pixels.dtype is torch.uint8 and pixels.shape[2] == COLORS and pixels.device.type == "cpu"
    if of_bytes and pixels.is_contiguous() and (found := kernels()):
        return found.to_planes(pixels)
    return pixels.permute(2, 0, 1).contiguous().float().div_(255)


def as_values(images: Tensor) -> Tensor:
    """Images of float32 in [0, 1], or of uint8, as the former."""
    return images.float() / 255 if images.dtype == torch.uint8 else images


def to_pixels(channels: Tensor) -> Tensor:
    """(C, H, W) in [0, 1] -> (H, W, C), uint8 on the CPU, rounded to the nearest of 256 values."""
    if _suit(channels) and (found := kernels()):
        return found.to_pixels(channels.detach())
    values = channels.detach().permute(1, 2, 0)
    pixels = torch.empty(values.shape, dtype=torch.uint8)
    for rows in strips(*values.shape[:2]):
        pixels[rows] = (values[rows] * 255).round_().clamp_(0, 255)
    return pixels


def _suit(channels: Tensor) -> bool:
    """Whether there is a kernel for them."""
    channel, _, column = channels.stride()
    in_lines = column == (COLORS if channel == 1 else 1)
    return len(channels) == COLORS and in_lines and channels.dtype is torch.float32 and channels.device.type == "cpu"


def to_image(channels: Tensor) -> Image.Image:
    """(3, H, W) in [0, 1] -> an 8-bit image."""
    return Image.fromarray(to_pixels(channels).numpy())


def to_tensor(image: Image.Image) -> Tensor:
    """An 8-bit RGB image -> (3, H, W), float32 in [0, 1]."""
    return to_rgb(torch.from_numpy(np.array(image)))
