"""Styles as data augmentation: a transform of torchvision that paints training pictures in styles drawn at random.

A classifier that sees every picture in other colours, textures and brushwork has only shapes left to learn from (R.
Geirhos et al., "ImageNet-trained CNNs are biased towards texture", 2019; P. Jackson et al., "Style Augmentation: Data
Augmentation via Style Randomization", 2019; X. Zheng et al., "STaDA: Style Transfer as Data Augmentation", 2019).
Jackson et al. weaken a style by mixing its embedding with the picture's own. A network of styles that were learned
knows no picture's own, so that pixels are mixed here, as everywhere by `strength`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import PIL.Image
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import Transform
from torchvision.transforms.v2.functional import is_pure_tensor, pil_to_tensor, to_pil_image

from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import SHIPPED, Which
from impasto.model.painting.ladder import ladder
from impasto.model.painting.stroke import Stroke, check_stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.color import brightness
from impasto.model.pictures.picture import as_values
from impasto.model.pictures.planes import resample
from impasto.model.styles.draws import Draw, Draws

MODES = ("L", "LA", "RGB", "RGBA")
"""Of Pillow's pictures."""
SLACK = 0.25
"""How far a float may lie beyond [0, 1], where it is cut: resizing overshoots by a tenth. Pictures that are normalized,
or reach to 255, lie far beyond."""

Params: TypeAlias = dict[str, Tensor]
"""Of N images: "vectors" (N, E), their styles; "alpha" (N,), 0 for those that stay as they are."""


class StyleAugment(Transform):  # type: ignore[misc]  # torchvision has no types
    """Paints images in styles drawn at random: one style an image, and a new one every time.

    Takes what torchvision's transforms take: images and videos as tensors or TVTensors (…, C, H, W), uint8 or of
    floating point in [0, 1], on any device; Pillow's pictures of the modes in MODES; and samples of them with boxes,
    masks, keypoints and labels, which pass through. What comes out is of the same kind, size and range. Of a batch (N,
    C, H, W), as a loader makes it, each image has its own style; frames of a video, and images of one sample, share
    theirs. Grey images stay grey, and opacity (2 or 4 channels) stays as it is. Images below 32 pixels are painted
    enlarged. No gradient flows through it.

    The network computes where an image is. It is loaded once a process for each device, when it is first needed, so
    that the transform itself is small, can be pickled, and works in the workers of a DataLoader, forked or spawned.
    What is random follows `torch.manual_seed`, in workers their seeds, and is the same on every device.

    p: share of the images that are painted; the others stay as they are, bit for bit.
    alpha: how much of an image is its painting, the rest its own pixels; or the least and the most, between which it is
        drawn for each image.
    draw: as `Draws` has them; concentration: of the hull.
    styles: ids of those that are drawn from. Default: all.
    stroke: as `Stylizer.stylize` takes it. Below 1 small images keep more of their shapes, and take longer by its
        square.
    network: the small one takes a third of the time.
    checkpoint: network and styles.
    Raises InvalidValue, UnknownStyle, NoVector, NoSmallNetwork, FileNotFoundError, CheckpointError; when it is called,
    InvalidValue for what is no image, and OutOfMemory.
    """

    def __init__(
        self,
        *,
        p: float = 0.5,
        alpha: float | tuple[float, float] = (0.5, 1.0),
        draw: Draw = "hull",
        concentration: float = 1.0,
        styles: Sequence[str] | None = None,
        stroke: Stroke = 1.0,
        network: Which = "large",
        checkpoint: Path = SHIPPED,
    ) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise InvalidValue(f"p is between 0 and 1, not {p!r:.30}")
        self.p = p
        self.alpha = _span(alpha)
        self.draw = draw
        self.stroke = check_stroke(stroke)
        self.network = network
        self.checkpoint = Path(checkpoint)
        table = _source(self.checkpoint).of(network).styles
        self.styles = table.ids if styles is None else _named(styles)
        vectors = table.vectors[[table.row(style_id) for style_id in self.styles]]
        self._draws = Draws(vectors, draw, concentration=concentration)

    def make_params(self, flat_inputs: list[Any]) -> Params:
        """A style and a strength for every image. Raises InvalidValue unless all are images, and equally many."""
        counts = {_check(each) for each in flat_inputs if _is_image(each)}
        if len(counts) != 1:
            there = f"of {' and of '.join(map(str, sorted(counts)))} images" if counts else "without an image"
            raise InvalidValue(f"a sample {there} cannot be styled; give it images, or batches of equally many")
        count = counts.pop()
        painted = torch.rand(count) < self.p
        alpha = torch.empty(count).uniform_(*self.alpha) * painted
        return {"vectors": self._draws.sample(count), "alpha": alpha}

    @torch.no_grad()
    def transform(self, inpt: Any, params: Params) -> Any:
        """One input, painted if it is an image. Raises OutOfMemory."""
        if isinstance(inpt, PIL.Image.Image):
            return to_pil_image(self._styled(pil_to_tensor(inpt), **params), mode=inpt.mode)
        if not _is_image(inpt):
            return inpt
        styled = self._styled(inpt.as_subclass(Tensor), **params)
        return styled if is_pure_tensor(inpt) else tv_tensors.wrap(styled, like=inpt)

    def _styled(self, images: Tensor, vectors: Tensor, alpha: Tensor) -> Tensor:
        """(…, C, H, W), in styles (N, E), each of which may have several images in a row."""
        flat = images.flatten(0, -4) if images.ndim > 3 else images[None]
        each = len(flat) // max(1, len(alpha))
        rows = alpha.repeat_interleave(each).nonzero().flatten()
        if not len(rows):
            return images
        whose, here = rows // each, rows.to(images.device)
        colors = 3 if flat.shape[1] > 2 else 1
        own = flat[here, :colors]
        values = as_values(own).float().clamp(0, 1)
        painted = self._painted(values.expand(-1, 3, -1, -1), vectors[whose])
        if colors == 1:
            painted = brightness(painted)
        mixed = values.lerp(painted, alpha[whose].to(images.device)[:, None, None, None])
        result = flat.clone()
        result[here, :colors] = (mixed * 255).round().byte() if own.dtype == torch.uint8 else mixed.to(own.dtype)
        return result.reshape(images.shape)

    def _painted(self, images: Tensor, vectors: Tensor) -> Tensor:
        """(N, 3, H, W), float32 in [0, 1], as large, and on the same device."""
        stylizer = _stylizer(self.checkpoint, str(images.device))
        size = images.shape[2], images.shape[3]
        sizes = ladder(size, self.stroke, stylizer.strokes)
        ground = resample(images, sizes[-1]).clamp(0, 1)
        painted = stylizer.paint(ground, vectors, sizes=sizes, on_device=True)
        return resample(painted, size).clamp(0, 1)


@lru_cache(maxsize=4)
def _source(path: Path) -> Checkpoint:
    return checkpoint.load(path)


@lru_cache(maxsize=4)
def _stylizer(path: Path, device: str) -> Stylizer:
    return Stylizer.of(_source(path), device=device)


def _span(alpha: float | tuple[float, float]) -> tuple[float, float]:
    """The least and the most. Raises InvalidValue."""
    both = (alpha, alpha) if isinstance(alpha, int | float) else tuple(alpha)
    if len(both) != 2 or not 0 <= both[0] <= both[1] <= 1:
        raise InvalidValue(f"alpha is a number from 0 to 1, or the least and the most of it, not {alpha!r:.60}")
    return both[0], both[1]


def _named(styles: Sequence[str]) -> tuple[str, ...]:
    """Ids of styles. Raises InvalidValue."""
    if isinstance(styles, str):
        raise InvalidValue(f"styles are a list of ids, not a text; write styles=[{styles!r:.80}]")
    if not styles or len(set(styles)) < len(styles):
        raise InvalidValue("styles: name at least one, and none twice; or leave it out for all")
    return tuple(styles)


def _is_image(inpt: object) -> bool:
    return isinstance(inpt, PIL.Image.Image | tv_tensors.Image | tv_tensors.Video) or is_pure_tensor(inpt)


def _check(image: Any) -> int:
    """How many styles it takes. Raises InvalidValue for what cannot be painted."""
    if isinstance(image, PIL.Image.Image):
        if image.mode not in MODES:
            raise InvalidValue(f"pictures of mode {image.mode} are not styled; convert them, image.convert('RGB')")
        return 1
    shape = tuple(image.shape)
    if len(shape) < 3 or not 1 <= shape[-3] <= 4 or 0 in shape[-2:]:
        raise InvalidValue(f"images are tensors (…, C, H, W) of 1 to 4 channels, not {shape}")
    if image.dtype != torch.uint8 and not image.dtype.is_floating_point:
        raise InvalidValue(f"images are of uint8, or of floating point in [0, 1], not of {image.dtype}")
    if image.dtype != torch.uint8 and image.numel():
        least, most = (float(value) for value in image.detach().aminmax())
        if not (least >= -SLACK and most <= 1 + SLACK):
            raise InvalidValue(
                f"images of floating point are in [0, 1], not from {least:g} to {most:g}; style them before anything "
                "else changes their range"
            )
    return math.prod(shape[: -4 if isinstance(image, tv_tensors.Video) else -3])
