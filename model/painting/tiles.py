"""Pictures of any size, painted in tiles that equal the whole.

A normalization needs the statistics of the whole picture before any of it can go on. So each layer is computed tile by
tile over the whole picture before the next one is, and while its statistics add up its features are kept as the
convolution left them: at half and at a quarter of the picture's size, which is a third of what a whole pass needs. Only
the two layers whose features are as large as the picture are not kept, but computed again by whoever reads them: an
eighth more operations in all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.network.fast_network import FastNetwork, Layer, beyond
from impasto.model.network.operations import Gauge, Then, Window, around_corners
from impasto.model.network.statistics import Drift, Held, Statistics
from impasto.model.network.style_map import RegionGauge, StyleMap, Styles
from impasto.model.painting.memory import Room, Store

Progress = Callable[[float], None]
"""Told which share of the work is done, from 0 to 1; what it raises ends the painting."""

SMALLEST_TILE = 4
"""Pixels. What is mirrored at a border is then always part of the window that is read there."""


@torch.inference_mode()
def paint_in_tiles(
    network: FastNetwork,
    photos: Tensor,
    styles: Styles,
    *,
    tile: int,
    held: Held | None = None,
    progress: Progress | None = None,
) -> Tensor:
    """What `network` makes of photos, but for rounding, on the CPU.

    photos: (B, 3, H, W), RGB, float32 in [0, 1] or uint8; painted one after the other.
    styles: vectors (B, E), or maps.
    tile: pixels of its side, rounded up to a multiple of four; any is right, not every one is fast.
    held: as `FastNetwork.paint_held` takes them. progress: told after every tile.
    Returns (B, 3, H, W), float32 in [0, 1]. Raises OutOfMemory where the disk is full.
    """
    side = -(-tile // SMALLEST_TILE) * SMALLEST_TILE
    painted = Room(photos.shape)
    whole = [layer.whole(*photos.shape[2:]) for layer in network.layers]
    work = sum(_cost(network, n) * _area(window) for n, window in enumerate(whole))
    for n in range(len(photos)):
        done = 0
        one = slice(n, n + 1)
        drift = held.drifting(network.style_sizes) if held else None
        for amount in _paint(network, photos[one], styles[one], painted.tensor[one], side, drift):
            done += amount
            painted.rest()
            if progress:
                progress((n + done / work) / len(photos))
        if drift:
            drift.keep()
    return painted.tensor


def _paint(
    network: FastNetwork, photo: Tensor, styles: Styles, painted: Tensor, side: int, drift: Drift | None
) -> Iterator[int]:
    """Compute layer after layer, the last one into `painted`; yields after each tile how much work it was."""
    below: _Photo | _Features = _Photo(network, photo)
    entries: list[_Features] = []
    styles = styles.to(network.device)
    where = styles if isinstance(styles, StyleMap) else None
    for n, style in enumerate(network.layer_styles(styles)):
        layer = network.layers[n]
        if isinstance(below, _Features) and not layer.last and network.layers[n + 1].adds:
            yield from below.finish(side)  # a block begins, which reads twice what enters it
            entries.append(below)
        features = _Features(network, n, style, where, below, painted)
        yield from features.measure(side, drift)
        if layer.adds:
            yield from features.finish(side, entries.pop())
        elif layer.last:
            yield from features.finish(side)
        below = features  # whose own source, unless it is to be read again, ends here, and so does its memory


def _is_kept(layer: Layer) -> bool:
    return layer.shrink > 1 or layer.last


def _cost(network: FastNetwork, n: int) -> int:
    """Multiplications for a pixel of what a layer makes, and for what it reads where that is not kept."""
    layer, below = network.layers[n], network.layers[n - 1]
    own: int = network.weights[n].numel() // (4 if layer.doubled else 1)
    return own if n == 0 or _is_kept(below) else own + _cost(network, n - 1) * (layer.shrink // below.shrink) ** 2


class _Photo:
    """What the first layer reads, converted as it is read."""

    def __init__(self, network: FastNetwork, photo: Tensor) -> None:
        self.network, self.photo = network, photo
        self.whole = range(photo.shape[2]), range(photo.shape[3])

    def read(self, window: Window, replicate: bool) -> Tensor:
        """A window as a convolution takes it, beyond the border too."""
        part = _part(self.photo, _inside(window, self.whole)).to(self.network.device)
        return _padded(self.network.enter(part), beyond(window, self.whole), replicate)


class _Features:
    """What a layer makes of a photo: once all of it is measured, any window can be read.

    Where they are kept, features are as the convolution left them, or normalized once that is `finished`; else they are
    computed for every window from what is `below`.
    """

    def __init__(
        self,
        network: FastNetwork,
        n: int,
        style: Tensor,
        where: StyleMap | None,
        below: _Photo | _Features,
        painted: Tensor,
    ) -> None:
        self.network, self.n, self.style, self.where = network, n, style, where
        self.layer = network.layers[n]
        self.whole = self.layer.whole(*painted.shape[2:])
        self.below: _Photo | _Features | None = below
        self.statistics: Statistics | None = None
        self.finished = False
        self.kept: Store | _Painting | None = None
        if self.layer.last:
            self.kept = _Painting(painted)
        elif _is_kept(self.layer):
            height, width = map(len, self.whole)
            self.kept = Store(height, width, style.shape[-1] // 2, network.leaves(n), network.device)

    def measure(self, side: int, drift: Drift | None) -> Iterator[int]:
        """Compute and measure all of it, and keep it if it is to be kept; yields the work of each tile."""
        cost, gauge = _cost(self.network, self.n), self._gauge(by_region=drift is None)
        for tile in self._tiles(side):
            features = self._convolve(tile)
            gauge.add(features, tile, self.layer.doubled)
            if self.kept:
                self.kept.put(tile, around_corners(features, tile) if self.layer.doubled else features)
            yield cost * _area(tile)
        self.statistics = drift.by(self.n, gauge.statistics) if drift else gauge.statistics()
        if self.kept:
            self.below = None

    def finish(self, side: int, entry: _Features | None = None) -> Iterator[int]:
        """Normalize what is kept, and add what entered the block; yields that this is no work to speak of."""
        if self.finished:
            return
        kept = self._kept()
        for tile in self._tiles(side):
            features = kept.take(tile).to(self.network.device)
            residual = None if entry is None else entry._kept().take(tile)
            then = Then(relu=not self.layer.last, residual=residual, exact=self.layer.last)
            result = self._normalized(features, tile, then)
            kept.put(tile, torch.sigmoid_(result) if self.layer.last else result)
            yield 0
        self.finished = True

    def read(self, window: Window, replicate: bool) -> Tensor:
        """A window as a convolution takes it, beyond the border too."""
        inside, padding = _inside(window, self.whole), beyond(window, self.whole)
        if self.finished:
            return _padded(self._kept().take(inside), padding, replicate)
        features = self.kept.take(inside) if self.kept else self._convolve(inside)
        then = Then(doubled=self.layer.doubled and not self.kept, padding=padding, replicate=replicate)
        return self._normalized(features, inside, then)

    def _gauge(self, *, by_region: bool) -> Gauge:
        if self.where and self.where.by_region and by_region:
            return RegionGauge(partial(self.where.within, whole=self.whole))
        return self.network.operations.gauge(self.whole)

    def _normalized(self, features: Tensor, window: Window, then: Then) -> Tensor:
        shares = self.where.within(window, self.whole) if self.where else None
        return self.network.operations.normalize(features, self.style, window, then, self.statistics, shares)

    def _convolve(self, window: Window) -> Tensor:
        """Its features in a window, computed."""
        if self.below is None:
            raise RuntimeError("what this is computed from was given up when all of it was kept")
        return self.network.convolve(self.n, self.below.read(self.layer.reads(window), self.layer.replicate))

    def _kept(self) -> Store | _Painting:
        if self.kept is None:
            raise RuntimeError("these features are not kept")
        return self.kept

    def _tiles(self, side: int) -> Iterator[Window]:
        rows, columns = self.whole
        side //= self.layer.shrink
        for top in rows[::side]:
            for left in columns[::side]:
                yield rows[top : top + side], columns[left : left + side]


class _Painting:
    """Where the last layer keeps what it makes, (1, 3, H, W): the painting itself."""

    def __init__(self, pixels: Tensor) -> None:
        self._pixels = pixels

    def put(self, window: Window, painted: Tensor) -> None:
        self.take(window).copy_(painted)

    def take(self, window: Window) -> Tensor:
        return _part(self._pixels, window)


def _area(window: Window) -> int:
    return len(window[0]) * len(window[1])


def _inside(window: Window, whole: Window) -> Window:
    """The part of a window that is not beyond the border."""
    rows, columns = (
        range(max(each.start, 0), min(each.stop, all.stop)) for each, all in zip(window, whole, strict=True)
    )
    return rows, columns


def _part(pixels: Tensor, window: Window) -> Tensor:
    rows, columns = window
    return pixels[..., rows.start : rows.stop, columns.start : columns.stop]


def _padded(pixels: Tensor, padding: tuple[int, int, int, int], replicate: bool) -> Tensor:
    return F.pad(pixels, padding, mode="replicate" if replicate else "reflect") if any(padding) else pixels
