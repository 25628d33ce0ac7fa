"""What can be said of a network without loading it: its shape, its precision, where the shipped one is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SMALLEST_SIDE = 32
"""Pixels. Below it the deepest feature maps are too small to normalize."""


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a network; the defaults are the paper's.

    widths: channels of the three encoding convolutions; the decoder mirrors the first two.
    residual_blocks: number of residual blocks between encoder and decoder.
    """

    widths: tuple[int, int, int] = (32, 64, 128)
    residual_blocks: int = 5


Precision = Literal["auto", "float32", "bfloat16", "float16"]

SHIPPED = Path(__file__).parent / "weights" / "impasto.safetensors"
"""The network that comes with Impasto."""
