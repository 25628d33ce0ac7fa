"""A trained network rearranged for painting: the same function, in fewer operations and fewer bytes.

Four changes to `impasto.model.network.style_network`, each exact but for rounding:

- A convolution of features whose every pixel was repeated 2×2 sees equal values under several of its weights. Those
  are added beforehand: what is left is a 2×2 convolution over the *corners* of the small features, each of which
  yields the four pixels around it. 4 multiplications instead of 9, and the enlarged features never exist.
- The last convolution has three channels out, where matrix units compute sixteen. It moves by two pixels instead,
  with one more weight in each direction, and yields the four pixels around a corner at once: twelve channels.
- Normalization, activation, residual addition and the next convolution's padding are one operation
  (`impasto.model.network.operations`), for which the CPU has kernels of its own (`impasto.model.network.kernels`).
- They also compute the convolutions: in float32 in a quarter to a third of the multiplications
  (`impasto.model.network.winograd`; from a picture and to one, `impasto.model.network.nested`), in bfloat16 by the
  units that a processor has for matrices (`impasto.model.network.matrices`). Most features are then
  measured as they are written, and normalized as they are read. They lie in memory as float16, where the processor
  converts it. Where all convolutions are theirs, a pass is one call (`impasto.model.network.passes`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.model.network.operations import AtOnce, Border, Convolution, Operations, Step, Then, Window
from impasto.model.network.statistics import Drift, Held, Measure, Statistics, one_each
from impasto.model.network.style_map import RegionGauge, StyleMap, Styles
from impasto.model.network.style_network import ConvNorm, ResidualBlock, StyleNetwork, UpConvNorm
from impasto.model.pictures import planes

GREY = 0.5
"""What is taken from a photo, so that it is around zero."""
KEPT = 256
"""Sizes of photos for which it is not found out again what takes a pass at once."""


@dataclass(frozen=True)
class Layer:
    """A convolution and its normalization, as geometry.

    kernel, stride: of the convolution. doubled: it is computed at the corners between pixels and yields the four around
        each, see `Operations`; else at the pixels.
    shrink: how many of the photo's pixels one of its own is high and wide.
    adds: a residual block ends here. replicate: beyond its input's border stand the pixels of the edge, not mirrored.
    last: what it yields is painted: neither rectified nor rounded.
    """

    kernel: int
    stride: int = 1
    shrink: int = 1
    doubled: bool = False
    adds: bool = False
    replicate: bool = False
    last: bool = False

    def whole(self, height: int, width: int) -> Window:
        """All that it yields for a photo."""
        return range((height - 1) // self.shrink + 1), range((width - 1) // self.shrink + 1)

    def places(self, window: Window) -> Window:
        """Where the convolution has to be computed for a window of what it yields."""
        if not self.doubled:
            return window
        rows, columns = (range((span.start + 1) // 2, span.stop // 2 + 1) for span in window)
        return rows, columns

    def reads(self, window: Window) -> Window:
        """The window of its input from which it yields that one; it may reach beyond the border."""
        firsts = [(span, span.start * self.stride - self.kernel // 2) for span in self.places(window)]
        rows, columns = (range(at, at + (len(span) - 1) * self.stride + self.kernel) for span, at in firsts)
        return rows, columns


class FastNetwork(nn.Module):
    """A `StyleNetwork` for painting only.

    dtype: of weights, and of features but where the operations' own is another; statistics, and the pictures that come
        out, are float32.
    layers: its convolutions in their order; `weights` are theirs. operations: what stands between them.
    """

    def __init__(self, network: StyleNetwork, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype
        self.operations = Operations()
        self._passes: dict[tuple[Operations, int, int], AtOnce | None] = {}
        self.style_sizes = [2 * norm.channels for norm in network.norms]
        self.layers, weights = zip(*_rearranged(network), strict=True)
        self.weights = nn.ParameterList(
            nn.Parameter(weight.detach().to(dtype, memory_format=torch.channels_last), requires_grad=False)
            for weight in weights
        )

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        device: torch.device = self.weights[0].device
        return device

    @property
    def bytes_at_once(self) -> float:
        """Bytes that are in memory at once, in a pass, for each of the photo's pixels: roughly.

        A layer's features, those that it is made of, and both once more, normalized. Where they are normalized as they
        are read it is half; but not for a `StyleMap`, which is to be painted in one pass where a single style is. And
        the photo, what enters, and what is painted.
        """
        pictures = 3 * 3 * torch.float32.itemsize
        found: list[float] = []
        for n, (layer, size) in enumerate(zip(self.layers, self.style_sizes, strict=True)):
            as_read = not layer.last and self.operations.normalizes_what_it_reads(self._convolution(n + 1))
            found.append(size / 2 / layer.shrink**2 * self.leaves(n).itemsize * (2 if as_read else 4))
        return max(found) + pictures

    def forward(self, photos: Tensor, styles: Styles, statistics: Sequence[Statistics] | None = None) -> Tensor:
        """As `StyleNetwork.forward`, whose shapes and ranges these are; or photos are of uint8. float32 comes out."""
        given = one_each(statistics, len(self.layers))
        if statistics is not None:
            given = self._moved(statistics, -GREY)
        elif (painted := self._painted_at_once(photos, styles)) is not None:
            return painted
        return self._painted(photos, styles, lambda layer, measure: given[layer])

    def paint_held(self, photos: Tensor, styles: Styles, held: Held) -> Tensor:
        """As `forward`, by the statistics that are held: of this network's own features, see `enter`."""
        drift = held.drifting(self.style_sizes)
        painted = self._painted_at_once(photos, styles, drift)
        if painted is None:
            painted = self._painted(photos, styles, drift.by)
        drift.keep()
        return painted

    def _painted_at_once(self, photos: Tensor, styles: Styles, drift: Drift | None = None) -> Tensor | None:
        """Photos, if a pass over them can be taken at once."""
        if isinstance(styles, StyleMap) or (drift and len(photos) > 1):
            return None
        key = self.operations, photos.shape[2], photos.shape[3]
        try:
            at_once = self._passes[key]
        except KeyError:  # other threads may clear it at any time
            if len(self._passes) >= KEPT:
                self._passes.clear()
            border, steps = self._steps(*key[1:])
            at_once = self._passes[key] = self.operations.at_once(steps, border, GREY)
        return None if at_once is None else at_once(photos, styles, drift)

    def _painted(self, photos: Tensor, styles: Styles, given: Callable[[int, Measure], Statistics | None]) -> Tensor:
        """Photos, layer by layer. given: asked for the statistics of each, or for None, which are its own."""
        painting = self._paint(photos, styles)
        measure = next(painting)
        try:
            for layer in count():
                measure = painting.send(given(layer, measure))
        except StopIteration as end:
            painted: Tensor = end.value
            return painted
        raise AssertionError("a painting ends")

    def statistics_of(self, images: Sequence[Tensor], style_vector: Tensor) -> list[Statistics]:
        """Those of a set of images that are painted as one: B = 1, one for each normalization.

        images: (B, 3, H, W) each, of any sizes. style_vector: (E,). Every layer is measured over all images, normalized
        so far by what was measured over all; their features are in memory at once.
        """
        paintings = [self._paint(each, style_vector.expand(len(each), -1)) for each in images]
        found: list[Statistics | None] = [None]  # what a generator is started with
        for _ in self.layers:
            first, *others = [painting.send(found[-1])().pooled() for painting in paintings]
            found.append(sum(others, start=first))
        return self._moved([each for each in found if each], GREY)

    def _paint(self, photos: Tensor, styles: Styles) -> Generator[Measure, Statistics | None, Tensor]:
        """Paint; before each normalization yield what measures its features and be sent statistics to use, or None."""
        operations = self.operations
        border, steps = self._steps(*photos.shape[2:])
        x = operations.convolve(self.enter(photos, border), steps[0].convolution)
        blocks: list[Tensor] = []
        shares: dict[Window, Tensor] = {}
        if isinstance(styles, StyleMap):
            shares = {window: styles.within(window, window) for window in {step.window for step in steps}}
        for step, ahead, style in zip(steps, [*steps[1:], None], self.layer_styles(styles), strict=True):
            window, then = step.window, step.then
            given = yield partial(operations.measure, x, window, then.doubled)
            if isinstance(styles, StyleMap) and styles.by_region and given is None:
                gauge = RegionGauge(shares.__getitem__)
                gauge.add(x, window, then.doubled)
                given = gauge.statistics()
            if ahead and not (step.opens or step.adds or shares):
                x = operations.normalize_and_convolve(x, style, window, then, ahead.convolution, given)
                continue
            if step.adds:
                then = replace(then, residual=blocks.pop())
            x = operations.normalize(x, style, window, then, given, shares.get(window))
            if step.opens:
                blocks.append(x[..., 1:-1, 1:-1])  # without its padding
            if ahead:
                x = operations.convolve(x, ahead.convolution)
        return torch.sigmoid_(x)

    def _steps(self, height: int, width: int) -> tuple[Border, list[Step]]:
        """A pass over photos of a size: how far the first convolution reads beyond them, and the steps."""
        windows = [layer.whole(height, width) for layer in self.layers]
        inputs = [layer.reads(window) for layer, window in zip(self.layers, windows, strict=True)]
        steps = []
        for n, (layer, window) in enumerate(zip(self.layers, windows, strict=True)):
            then, opens = Then(doubled=layer.doubled, relu=False, exact=True), False
            if not layer.last:
                ahead = self.layers[n + 1]
                then = Then(layer.doubled, padding=beyond(inputs[n + 1], window), replicate=ahead.replicate)
                opens = not ahead.last and self.layers[n + 2].adds
            steps.append(Step(self._convolution(n, window), window, then, opens, layer.adds))
        return beyond(inputs[0], windows[-1]), steps

    def layer_styles(self, styles: Styles) -> tuple[Tensor, ...]:
        """γ and β of each normalization, (B, 2C), or (B, K, 2C) of maps."""
        vectors = styles.vectors if isinstance(styles, StyleMap) else styles
        return torch.split(vectors, self.style_sizes, dim=-1)

    def enter(self, photos: Tensor, padding: Border = (0, 0, 0, 0)) -> Tensor:
        """Photos, of float32 or uint8, as the first convolution takes them, mirrored left, right, above and below.

        In float32, of which the CPU's kernels keep more than bfloat16.

        Around zero bfloat16 is exact; near white its steps are half a grey level, of which some styles make textures
        (41 decibels, now 53). A constant changes nothing: the first normalization takes it out.
        """
        return planes.as_pixels(photos, padding, GREY)

    def _moved(self, statistics: Sequence[Statistics], grey: float) -> list[Statistics]:
        """Statistics for photos that are brighter by a constant, which only the first normalization sees."""
        first, *others = statistics
        by = grey * self.weights[0].cpu().double().sum(dim=(1, 2, 3))
        return [replace(first, mean=first.mean + by), *others]

    def convolve(self, layer: int, x: Tensor) -> Tensor:
        """Features of a layer, of any window, from what it reads."""
        return self.operations.convolve(x, self._convolution(layer))

    def leaves(self, layer: int) -> torch.dtype:
        """The precision of the features that a layer's convolution returns."""
        return self.operations.leaves(self._convolution(layer))

    def _convolution(self, layer: int, whole: Window | None = None) -> Convolution:
        found = self.layers[layer]
        return Convolution(self.weights[layer], found.stride, whole, found.doubled)


def beyond(window: Window, whole: Window) -> Border:
    """How far a window reaches beyond the border, left, right, above and below."""
    (above, below), (left, right) = (
        (max(0, -span.start), max(0, span.stop - every.stop)) for span, every in zip(window, whole, strict=True)
    )
    return left, right, above, below


def _rearranged(network: StyleNetwork) -> Iterator[tuple[Layer, Tensor]]:
    """What is computed in place of each of its layers, and with which weights."""
    shrink = 1
    layers = [*network.encoder, *network.residual, *network.decoder]
    for layer in layers:
        last = layer is layers[-1]
        if isinstance(layer, ResidualBlock):
            yield Layer(3, shrink=shrink), layer.first.conv.weight
            yield Layer(3, shrink=shrink, adds=True), layer.second.conv.weight
        elif isinstance(layer, UpConvNorm):
            shrink //= 2
            corners = corner_weights(layer.conv.weight)
            yield Layer(corners.shape[2], shrink=shrink, doubled=True, replicate=True, last=last), corners
        elif isinstance(layer, ConvNorm) and last:
            strided = strided_weights(layer.conv.weight)
            yield Layer(strided.shape[2], stride=2, doubled=True, last=True), strided
        elif isinstance(layer, ConvNorm):
            shrink *= layer.conv.stride[0]
            yield Layer(layer.conv.kernel_size[0], layer.conv.stride[0], shrink), layer.conv.weight


def corner_weights(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, k, k) for doubled features, k of 3 or 7 -> (4 · C_out, C_in, ⌈k/2⌉, ⌈k/2⌉) for the small
    features' corners.

    With k of 3 the corner before row i touches the rows i − 1 and i of the small features, padded by their edge. The
    large row 2i − 1 lies in the first of them: two of a kernel's rows see it, one sees the next. The large row 2i lies
    in the second: one sees the first, two see it. Columns likewise. The four pixels are the slowest axis of the output.
    """
    size = weight.shape[2]
    row = torch.arange(size)
    seen = torch.stack([(row + pixel) // 2 for pixel in (0, 1)])
    sees = F.one_hot(seen, (size + 1) // 2).mT.to(weight)
    return torch.einsum("yrk,xcl,oikl->yxoirc", sees, sees, weight).flatten(0, 2)


def strided_weights(weight: Tensor) -> Tensor:
    """Weights (C_out, C_in, k, k) -> (4 · C_out, C_in, k + 1, k + 1), which with a stride of two yield the same.

    The four pixels are the slowest axis of the output.
    """
    return torch.cat([F.pad(weight, (x, 1 - x, y, 1 - y)) for y in (0, 1) for x in (0, 1)])
