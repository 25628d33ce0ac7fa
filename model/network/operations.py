"""A convolution, and what stands between two: normalization, activation, residual addition, the next one's padding.

In PyTorch here, for any device; `impasto.model.network.kernels` does the same in less time, on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.network.statistics import Drift, Statistics, scale_and_shift

Window = tuple[range, range]
"""Rows and columns of a picture or of features, both without steps."""
Border = tuple[int, int, int, int]
"""Pixels left, right, above and below."""


@dataclass(frozen=True)
class Then:
    """What a convolution's features need besides the normalization.

    doubled: see `Operations`.
    residual: (B, C, H, W), added, in place of the ReLU.
    padding: pixels added left, right, above and below; mirrored, or with `replicate` those of the edge.
    exact: float32 is returned instead of the precision of the features.
    """

    doubled: bool = False
    relu: bool = True
    residual: Tensor | None = None
    padding: Border = (0, 0, 0, 0)
    replicate: bool = False
    exact: bool = False


@dataclass(frozen=True)
class Convolution:
    """weight: (C_out, C_in, k, k).

    whole: the window of its features, if they are computed at once: they may then be measured meanwhile.
    doubled: that they are the pixels around corners, see `Operations`.
    """

    weight: Tensor
    stride: int = 1
    whole: Window | None = None
    doubled: bool = False

    @property
    def channels(self) -> int:
        """Of its features."""
        return len(self.weight) // (4 if self.doubled else 1)


@dataclass(frozen=True)
class Step:
    """A layer of a pass over pictures of one size.

    window: of its features, all of them. then: what they need besides the normalization, but for a residual.
    opens, adds: a residual block begins with what it leaves; one ends with it.
    """

    convolution: Convolution
    window: Window
    then: Then
    opens: bool = False
    adds: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of its features."""
        rows, columns = self.window
        return len(rows), len(columns)


class Gauge:
    """Measures features window by window: every pixel once, the first one first, each row from left to right."""

    def __init__(self) -> None:
        self._found: Statistics | None = None

    def add(self, features: Tensor, window: Window, doubled: bool) -> None:
        """Features of a window, as `Operations` has them."""
        self.merge(Statistics.of(around_corners(features, window) if doubled else features))

    def merge(self, found: Statistics) -> None:
        """Statistics of pixels that were not measured yet."""
        self._found = self._found + found if self._found else found

    def statistics(self) -> Statistics:
        """Those of all that was added. Raises ValueError when nothing was."""
        if self._found is None:
            raise ValueError("nothing was measured")
        return self._found


AtOnce = Callable[[Tensor, Tensor, Drift | None], Tensor]
"""Photos (B, 3, H, W), float32 in [0, 1] or uint8, style vectors (B, E), and of one photo statistics to paint it by ->
paintings (B, 3, H, W), float32 in [0, 1]."""


class Operations:
    """The operations in PyTorch.

    Features are those of a window (H, W). They are (B, C, H, W) or, doubled, the pixels around corners, (B, 4C, …): the
    four pixels around corner i, the slowest axis, are those of rows 2i − 1 and 2i, columns likewise, and there is every
    corner that a pixel of the window touches.
    """

    def gauge(self, whole: Window) -> Gauge:
        """What measures features that are in the window `whole` when all was added."""
        return Gauge()

    def measure(self, features: Tensor, window: Window, doubled: bool) -> Statistics:
        """The statistics of features."""
        gauge = self.gauge(window)
        gauge.add(features, window, doubled)
        return gauge.statistics()

    def convolve(self, x: Tensor, convolution: Convolution) -> Tensor:
        """A convolution of x, which is already padded, in the precision of the weights."""
        return F.conv2d(x.to(convolution.weight.dtype), convolution.weight, stride=convolution.stride)

    def normalize(
        self,
        features: Tensor,
        style: Tensor,
        window: Window,
        then: Then,
        given: Statistics | None = None,
        shares: Tensor | None = None,
    ) -> Tensor:
        """Conditional instance normalization of what a convolution left, as the next convolution needs it.

        style: (B, 2C), γ and β. given: used instead of the features' own statistics.
        shares: (B, K, H, W), which of several styles (B, K, 2C) have which share of each pixel.
        Returns (B, C, H + padding, W + padding).
        """
        dtype = features.dtype
        values = (around_corners(features, window) if then.doubled else features).float()
        scale, shift = scale_and_shift(values, style, given, shares)
        result = torch.addcmul(shift, values, scale)
        if then.residual is not None:
            result = result + then.residual
        elif then.relu:
            result = F.relu(result)
        if any(then.padding):
            result = F.pad(result, then.padding, mode="replicate" if then.replicate else "reflect")
        return result if then.exact else result.to(dtype)

    def normalize_and_convolve(
        self,
        features: Tensor,
        style: Tensor,
        window: Window,
        then: Then,
        convolution: Convolution,
        given: Statistics | None = None,
    ) -> Tensor:
        """What a convolution makes of normalized features, which are not needed otherwise."""
        return self.convolve(self.normalize(features, style, window, then, given), convolution)

    def at_once(self, steps: Sequence[Step], border: Border, less: float) -> AtOnce | None:
        """What takes all steps of a pass at once, or None: they are to be taken one by one.

        border: how far the first one reads beyond the photos, which are mirrored there. less: what is taken from them.
        """
        return None

    def leaves(self, convolution: Convolution) -> torch.dtype:
        """The precision of the features that `convolve` returns."""
        return convolution.weight.dtype

    def normalizes_what_it_reads(self, convolution: Convolution) -> bool:
        """Whether `normalize_and_convolve` writes no normalized features to memory, for this convolution."""
        return False


def around_corners(features: Tensor, window: Window) -> Tensor:
    """The pixels (B, C, H, W) of a window around corners (B, 4C, h, w)."""
    pixels: Tensor = features.unflatten(1, (2, 2, -1)).permute(0, 3, 4, 1, 5, 2)  # (B, C, h, 2, w, 2)
    rows, columns = (slice(first := 1 - span.start % 2, first + len(span)) for span in window)
    return pixels.flatten(4, 5).flatten(2, 3)[..., rows, columns]
