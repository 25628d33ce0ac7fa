"""The facade that scripts and the service use: pictures and style vectors in, pictures out."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Self

import torch
from torch import Tensor

from impasto.model.native.building import KernelsUnavailable
from impasto.model.network.checkpoint import Checkpoint, network_id
from impasto.model.network.config import SMALLEST_SIDE, Precision, StrokeConfig
from impasto.model.network.device import find_device, find_precision
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels
from impasto.model.network.statistics import Held
from impasto.model.network.style_map import StyleMap, Styles
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.finish import check_strength, finish
from impasto.model.painting.ladder import Canvas, canvas, climb
from impasto.model.painting.memory import OutOfMemory, make_room, shortage
from impasto.model.painting.moving import Moving
from impasto.model.painting.regions import Regions, placed
from impasto.model.painting.stroke import Stroke, check_stroke
from impasto.model.painting.tiles import Progress, paint_in_tiles
from impasto.model.photorealism.local_affine import PAINTED
from impasto.model.pictures import plane_kernels
from impasto.model.pictures.images import TooSmall
from impasto.model.pictures.picture import Picture, as_values
from impasto.model.pictures.planes import Size

log = logging.getLogger(__name__)


MOST_AT_ONCE = 700 * 2**20
"""Bytes in one pass on a CPU, roughly. By the shipped network that is 4.4 megapixels where kernels leave halves, 2.5 in
bfloat16, and 1.3 in float32 without kernels. What tiles keep and compute takes as much at most."""
TILE, TILE_ON_GPU = 512, 2048
"""Pixels of a tile's side: smaller ones compute more twice, larger ones do not fit a processor's cache."""


class Stylizer:
    """A network on a device, in a precision, and a small one beside it. They know no styles: those are vectors to them.

    Which of the two paints is told by the length of the vectors, which fit one of them only.
    network_id: tells which vectors are meant for it.

    small: the small network, if there is one.
    strokes: as the checkpoint has them. Default: those of the shipped network.
    device: "auto" takes CUDA, then Apple's MPS, then the CPU; or one of "cpu", "cuda", "cuda:1",
        "mps", which is then used or refused, never replaced.
    precision: of the convolutions; statistics are float32 always. "auto" is bfloat16 where the
        hardware multiplies it natively, else float32.
    Raises DeviceUnavailable.
    """

    def __init__(
        self,
        network: StyleNetwork,
        *,
        small: StyleNetwork | None = None,
        strokes: StrokeConfig | None = None,
        device: str = "auto",
        precision: Precision = "auto",
    ) -> None:
        self.strokes = strokes or StrokeConfig()
        self.device = find_device(device)
        self.precision = find_precision(precision, self.device)
        self.network_id = network_id(network)
        dtype = getattr(torch, self.precision)
        networks = [network, small] if small else [network]
        channels = {norm.channels for each in networks for norm in each.norms}
        self._networks = {each.style_size: fastest(each, self.device, dtype, channels) for each in networks}
        if len(self._networks) < len(networks):
            raise ValueError(f"both networks take {network.style_size} numbers for a style and cannot be told apart")

    @classmethod
    def of(cls, source: Checkpoint, *, device: str = "auto", precision: Precision = "auto") -> Self:
        """What paints with the networks of a checkpoint. Raises DeviceUnavailable."""
        small = source.small.network if source.small else None
        return cls(source.network, small=small, strokes=source.strokes, device=device, precision=precision)

    @torch.inference_mode()
    def paint(
        self,
        photos: Tensor,
        styles: Tensor | Sequence[Tensor | Regions],
        *,
        sizes: Sequence[Size] = (),
        moving: Moving | None = None,
        progress: Progress | None = None,
        on_device: bool = False,
    ) -> Tensor:
        """Photos (B, 3, H, W), float32 in [0, 1] or uint8, and their styles -> paintings, on the CPU.

        Each image has its own style; what else is in the batch changes nothing, but for rounding where only others have
        regions. What memory asks for is painted in tiles, which is the same but for rounding.
        styles: vectors (B, E); or of each photo a vector (E,) or its regions.
        sizes: of all levels, of the `Canvas` whose photos these are. Default: a single pass.
        moving: of a frame, what it takes over from those before it.
        progress: told from time to time which share is done, up to 1; what it raises ends the painting.
        on_device: leave the paintings where they were painted.
        Raises OutOfMemory.
        """
        sizes = sizes or [(photos.shape[2], photos.shape[3])]
        pixels, painted = sum(math.prod(size) for size in sizes), 0
        levels = count()

        def level(images: Tensor) -> Tensor:
            nonlocal painted
            before, own = painted, math.prod(images.shape[2:])
            painted += own

            def done(share: float) -> None:
                if progress:
                    progress((before + share * own) / pixels)

            here = styles if isinstance(styles, Tensor) else placed(styles, (images.shape[2], images.shape[3]))
            if moving is None:
                return self._paint_parts(images, here, None, done)
            painted_level = moving.paint(
                next(levels), as_values(images), lambda images, held: self._paint_parts(images, here, held, done)
            )
            done(1.0)  # though nothing of it may have been painted
            return painted_level

        height, width = photos.shape[2:]
        with shortage(f"paint {width} × {height} pixels"):
            painting = level(photos) if len(sizes) == 1 else climb(level, photos.to(self.device), sizes, self.strokes)
            return painting if on_device else painting.cpu()

    def _paint_parts(self, photos: Tensor, styles: Styles, held: Held | None, progress: Progress) -> Tensor:
        """In one pass if the memory is enough, else each half by itself, and one picture in tiles; on the device."""
        network = self._of(styles)
        if self._may_fit(photos, network):
            with suppress(OutOfMemory), shortage("paint them in one pass"):
                painted = self._paint(photos, styles, held)
                progress(1.0)
                return painted
            torch.cuda.empty_cache()
        images, half = len(photos), len(photos) // 2
        if not half or not self._may_fit(photos[:1], network):
            height, width = photos.shape[2:]
            log.info("%d × %d pixels are too many for one pass on %s: painted in tiles", width, height, self.device)
            tile = TILE if self.device.type == "cpu" else TILE_ON_GPU
            painted = paint_in_tiles(network, photos, styles, tile=tile, held=held, progress=progress)
            return painted.to(photos.device)
        first = self._paint_parts(photos[:half], styles[:half], held, lambda share: progress(share * half / images))
        others = self._paint_parts(
            photos[half:], styles[half:], held, lambda share: progress((half + share * (images - half)) / images)
        )
        return torch.cat([first, others])

    def _may_fit(self, photos: Tensor, network: FastNetwork) -> bool:
        """Whether one pass is tried: a GPU says itself what is too much, a CPU takes memory from others."""
        pixels = len(photos) * photos.shape[2] * photos.shape[3]
        return self.device.type != "cpu" or pixels * network.bytes_at_once <= MOST_AT_ONCE

    def _paint(self, photos: Tensor, styles: Styles, held: Held | None) -> Tensor:
        network, photos, here = self._of(styles), photos.to(self.device), styles.to(self.device)
        painted: Tensor = network.paint_held(photos, here, held) if held else network(photos, here)
        return painted

    def _of(self, styles: Styles) -> FastNetwork:
        """The network whose style vectors these are. Raises ValueError."""
        size = (styles.vectors if isinstance(styles, StyleMap) else styles).shape[-1]
        if size not in self._networks:
            raise ValueError(f"style vectors have {' or '.join(map(str, self._networks))} numbers, not {size}")
        return self._networks[size]

    def stylize(
        self,
        picture: Picture,
        style_vector: Tensor,
        *,
        strength: float = 1.0,
        preserve_color: bool = False,
        stroke: Stroke = 1.0,
        photorealistic: bool = False,
        moving: Moving | None = None,
        progress: Progress | None = None,
    ) -> Picture:
        """A picture painted in a style or a blend, as its vector (E,).

        strength, preserve_color: as `finish` takes them.
        stroke: size of the strokes relative to the picture, 0.25 to 4, whatever its resolution: 1 as in a picture of
            512 pixels, 2 twice as large; "native" for a single pass of the network.
        photorealistic: only colours and light are taken from the painting, and every edge is the photo's.
        moving, progress: as `paint` takes them.
        Raises TooSmall; InvalidValue for a strength outside 0 to 1, or what is no stroke; OutOfMemory.
        """
        check_size(picture)
        check_strength(strength)
        ground = self.canvas(picture, stroke, photorealistic=photorealistic)
        painted = self.paint(
            ground.photo[None], style_vector[None], sizes=ground.sizes, moving=moving, progress=progress
        )[0]
        del ground  # finishing a large picture needs the memory
        config = PAINTED if photorealistic else self.strokes
        return finish(picture, painted, config, strength=strength, preserve_color=preserve_color)

    def stylize_regions(
        self,
        picture: Picture,
        regions: Regions,
        *,
        photorealistic: bool = False,
        progress: Progress | None = None,
    ) -> Picture:
        """A picture painted in a style here and another there: regions of its size. Raises as `stylize` does."""
        check_size(picture)
        painted: list[Tensor] = []
        for stroke in regions.strokes:

            def done(share: float) -> None:
                if progress:
                    progress((len(painted) + share) / len(regions.strokes))

            ground = self.canvas(picture, stroke, photorealistic=photorealistic)
            painted.append(self.paint(ground.photo[None], [regions], sizes=ground.sizes, progress=done)[0])
        return self.finish_regions(picture, painted, regions, photorealistic=photorealistic)

    def finish_regions(
        self, picture: Picture, painted: Sequence[Tensor], regions: Regions, *, photorealistic: bool = False
    ) -> Picture:
        """A picture with what was painted of it for each of its regions' strokes, (3, h, w)."""
        if not painted:
            return picture
        shares = [regions.painted_with(stroke) for stroke in regions.strokes]
        paintings, strength = list(zip(painted, shares, strict=True)), regions.strength
        config = PAINTED if photorealistic else self.strokes
        return finish(picture, paintings, config, strength=strength, preserve_color=regions.preserve_color)

    def canvas(self, picture: Picture, stroke: Stroke = 1.0, *, photorealistic: bool = False) -> Canvas:
        """What a picture is painted on, to be given to `paint`. Raises InvalidValue for what is no stroke."""
        make_room(picture.pixels)
        return canvas(picture, check_stroke(stroke), self.strokes.coarse if photorealistic else self.strokes)


def check_size(picture: Picture) -> None:
    """Raises TooSmall for a picture under 32 pixels."""
    if min(picture.size) < SMALLEST_SIDE:
        width, height = picture.size
        raise TooSmall(f"the picture is {width} × {height} pixels; both sides must be at least {SMALLEST_SIDE}")


def fastest(network: StyleNetwork, device: torch.device, dtype: torch.dtype, channels: Iterable[int]) -> FastNetwork:
    """The network for a device, with the CPU's own kernels, for such numbers of channels, where they can be built."""
    fast = FastNetwork(network, dtype).to(device)
    plane_kernels.kernels()  # are built now, if they must be, and not while somebody waits for a picture
    if device.type == "cpu" and dtype is not torch.float16:
        try:
            fast.operations = Kernels(channels)
        except KernelsUnavailable as reason:
            log.warning("painting without compiled kernels, which takes several times as long: %s", reason)
    return fast
