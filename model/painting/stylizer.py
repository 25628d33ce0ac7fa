"""The facade that scripts and the service use: pictures and style vectors in, pictures out."""

from __future__ import annotations

import logging
from contextlib import suppress

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import network_id
from impasto.model.network.config import SMALLEST_SIDE, Precision
from impasto.model.network.device import find_device, find_precision
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels, KernelsUnavailable
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.memory import shortage
from impasto.model.painting.tiles import Progress, paint_in_tiles
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.images import Picture, TooSmall

log = logging.getLogger(__name__)


MOST_WHOLE = 1024 * 1024
"""Pixels painted in one pass on a CPU in float32; in half precision they are twice as many. A pass takes 420 to 480
bytes for each of them, tiles at most 300 MB in all and 150 while they compute: so neither exceeds 450 MB by much."""
TILE, TILE_ON_GPU = 512, 2048
"""Pixels of a tile's side: smaller ones compute more twice, larger ones do not fit a processor's cache."""


class Stylizer:
    """A network on a device, in a precision. It knows no styles: those are vectors to it.

    network_id: tells which vectors are meant for it.

    device: "auto" takes CUDA, then Apple's MPS, then the CPU; or one of "cpu", "cuda", "cuda:1",
        "mps", which is then used or refused, never replaced.
    precision: of the convolutions; statistics are float32 always. "auto" is bfloat16 where the
        hardware multiplies it natively, else float32.
    Raises DeviceUnavailable.
    """

    def __init__(self, network: StyleNetwork, *, device: str = "auto", precision: Precision = "auto") -> None:
        self.device = find_device(device)
        self.precision = find_precision(precision, self.device)
        self.network_id = network_id(network)
        self._network = _fastest(network, self.device, getattr(torch, self.precision))

    def paint(self, photos: Tensor, style_vectors: Tensor, *, progress: Progress | None = None) -> Tensor:
        """Photos (B, 3, H, W), float32 in [0, 1] or uint8, their style vectors (B, E) -> paintings, on the CPU.

        Each image has its own style; what else is in the batch changes nothing. What memory asks for is painted in
        tiles, which is the same but for rounding. progress: told from time to time which share is done, up to 1; what
        it raises ends the painting. Raises OutOfMemory.
        """
        with shortage(*photos.shape[2:]):
            return self._paint_parts(photos, style_vectors, progress or (lambda share: None))

    def _paint_parts(self, photos: Tensor, style_vectors: Tensor, progress: Progress) -> Tensor:
        """In one pass if the memory is enough, else each half by itself, and one picture in tiles."""
        if self._may_fit(photos):
            with suppress(torch.OutOfMemoryError):
                painted = self._paint(photos, style_vectors)
                progress(1.0)
                return painted
            torch.cuda.empty_cache()
        count, half = len(photos), len(photos) // 2
        if not half or not self._may_fit(photos[:1]):
            height, width = photos.shape[2:]
            log.info("%d × %d pixels are too many for one pass on %s: painted in tiles", width, height, self.device)
            tile = TILE if self.device.type == "cpu" else TILE_ON_GPU
            return paint_in_tiles(self._network, photos, style_vectors, tile=tile, progress=progress)
        first = self._paint_parts(photos[:half], style_vectors[:half], lambda share: progress(share * half / count))
        others = self._paint_parts(
            photos[half:], style_vectors[half:], lambda share: progress((half + share * (count - half)) / count)
        )
        return torch.cat([first, others])

    def _may_fit(self, photos: Tensor) -> bool:
        """Whether one pass is tried: a GPU says itself what is too much, a CPU takes memory from others."""
        pixels = len(photos) * photos.shape[2] * photos.shape[3]
        return self.device.type != "cpu" or pixels * self._network.dtype.itemsize <= 4 * MOST_WHOLE

    @torch.inference_mode()
    def _paint(self, photos: Tensor, style_vectors: Tensor) -> Tensor:
        photos = photos.to(self.device)
        values = photos.float() / 255 if photos.dtype == torch.uint8 else photos
        painted: Tensor = self._network(values, style_vectors.to(self.device))
        return painted.cpu()

    def stylize(
        self, picture: Picture, style_vector: Tensor, *, strength: float = 1.0, preserve_color: bool = False
    ) -> Picture:
        """A picture painted in a style or a blend, as its vector (E,).

        strength, preserve_color: as `finish` takes them. Raises TooSmall; InvalidValue for a strength outside 0 to 1.
        """
        check_size(picture)
        painted = self.paint(picture.rgb[None], style_vector[None])[0]
        return finish(picture, painted, strength=strength, preserve_color=preserve_color)


def check_size(picture: Picture) -> None:
    """Raises TooSmall for a picture under 32 pixels."""
    if min(picture.size) < SMALLEST_SIDE:
        width, height = picture.size
        raise TooSmall(f"the picture is {width} × {height} pixels; both sides must be at least {SMALLEST_SIDE}")


def finish(picture: Picture, painted: Tensor, *, strength: float = 1.0, preserve_color: bool = False) -> Picture:
    """A picture with what was painted from it, (3, H, W).

    strength: 1 is the painting, 0 the photo, between them a mixture of their pixels.
    preserve_color: take only the brightness from the painting.
    Raises InvalidValue for a strength outside 0 to 1.
    """
    if not 0 <= strength <= 1:
        raise InvalidValue(f"strength is between 0 and 1, not {strength:g}")
    if preserve_color:
        painted = keep_color(painted, picture.rgb)
    return picture.with_rgb(painted if strength == 1 else torch.lerp(picture.rgb, painted, strength))


def _fastest(network: StyleNetwork, device: torch.device, dtype: torch.dtype) -> FastNetwork:
    """The network for a device, with the CPU's own kernels where they can be built."""
    fast = FastNetwork(network, dtype).to(device)
    if device.type == "cpu" and dtype is not torch.float16:
        try:
            fast.operations = Kernels(norm.channels for norm in network.norms)
        except KernelsUnavailable as reason:
            log.warning("painting without compiled kernels, which takes several times as long: %s", reason)
    return fast
