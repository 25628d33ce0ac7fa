"""The facade that scripts and the service use: pictures and style vectors in, pictures out."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.network.checkpoint import network_id
from impasto.model.network.config import SMALLEST_SIDE, Precision
from impasto.model.network.device import find_device, find_precision
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels, KernelsUnavailable
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.stroke import Stroke, check_stroke
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.images import TooSmall
from impasto.model.pictures.picture import Picture, to_pixels
from impasto.model.pictures.strips import strips

log = logging.getLogger(__name__)


class OutOfMemory(ImpastoError):
    """The device has too little memory for so many pictures at once."""


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
        self._given = network
        self._network = _fastest(network, self.device, getattr(torch, self.precision))

    def paint(self, photos: Tensor, style_vectors: Tensor) -> Tensor:
        """Photos (B, 3, H, W) in [0, 1], their style vectors (B, E) -> paintings, on the CPU.

        Each image has its own style; what else is in the batch changes nothing. One picture that is too large for
        the memory of a GPU is painted on the CPU. Raises OutOfMemory.
        """
        try:
            return self._paint(photos, style_vectors)
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            if len(photos) > 1:
                raise OutOfMemory(f"{len(photos)} pictures at once are too many for {self.device}") from error
        height, width = photos.shape[2:]
        log.warning("%d × %d pixels are too many for %s: painted on the CPU", width, height, self.device)
        return self._on_cpu._paint(photos, style_vectors)

    @torch.inference_mode()
    def _paint(self, photos: Tensor, style_vectors: Tensor) -> Tensor:
        painted: Tensor = self._network(photos.to(self.device), style_vectors.to(self.device))
        return painted.cpu()

    @cached_property
    def _on_cpu(self) -> Stylizer:
        return Stylizer(self._given, device="cpu")

    def stylize(
        self,
        picture: Picture,
        style_vector: Tensor,
        *,
        strength: float = 1.0,
        preserve_color: bool = False,
        stroke: Stroke = 1.0,
    ) -> Picture:
        """A picture painted in a style or a blend, as its vector (E,).

        strength, preserve_color: as `finish` takes them.
        stroke: size of the strokes relative to the picture, 0.25 to 4, whatever its resolution: 1 as in a picture of
            512 pixels, 2 twice as large; "native" for a single pass of the network.
        Raises TooSmall; InvalidValue for a strength outside 0 to 1, or what is no stroke.
        """
        check_size(picture)
        check_stroke(stroke)
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
    pixels = torch.empty_like(picture.pixels)
    for rows in strips(*picture.pixels.shape[:2]):
        photo, strip = picture.rows(rows).rgb, _painted_rows(painted, rows)
        if preserve_color:
            strip = keep_color(strip, photo)
        pixels[rows] = to_pixels(strip if strength == 1 else torch.lerp(photo, strip, strength))
    return replace(picture, pixels=pixels)


def _painted_rows(painted: Tensor, rows: slice) -> Tensor:
    """Some rows of a painting (3, H, W)."""
    return painted[:, rows]


def _fastest(network: StyleNetwork, device: torch.device, dtype: torch.dtype) -> FastNetwork:
    """The network for a device, with the CPU's own kernels where they can be built."""
    fast = FastNetwork(network, dtype).to(device)
    if device.type == "cpu" and dtype is not torch.float16:
        try:
            fast.operations = Kernels(norm.channels for norm in network.norms)
        except KernelsUnavailable as reason:
            log.warning("painting without compiled kernels, which takes several times as long: %s", reason)
    return fast
