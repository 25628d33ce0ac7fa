"""From what the network painted to the picture that was asked for: its size, its strength, its colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.network.config import StrokeConfig
from impasto.model.painting.enlarging import Enlargement
from impasto.model.painting.memory import make_room
from impasto.model.photorealism.local_affine import AffineConfig, LocalAffine
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.picture import Picture, to_pixels
from impasto.model.pictures.resize import resampled_rows
from impasto.model.pictures.strips import strips

Rows = Callable[[slice, Picture], Tensor]
"""Some rows of a painting in its photo's size, (3, rows, W), for those rows and the photo in them."""


Share = float | Tensor
"""From 0 to 1: one for the whole picture, or a map (1, h, w) that is stretched over it."""


def finish(
    picture: Picture,
    painted: Tensor | Sequence[tuple[Tensor, Share]],
    config: StrokeConfig | AffineConfig,
    *,
    strength: Share = 1.0,
    preserve_color: Share = 0.0,
) -> Picture:
    """A picture with what was painted from it, (3, h, w), of its own size or another.

    painted: one painting, or several and which share of each place is whose, of sum 1.
    config: how it is enlarged; or how it is carried to the photo, which takes only its colours and its light.
    strength: 1 is the painting, 0 the photo, between them a mixture of their pixels.
    preserve_color: take only the brightness from the painting; between 0 and 1 a mixture of both.
    Raises InvalidValue for a strength outside 0 to 1.
    """
    if not isinstance(strength, Tensor):
        check_strength(strength)
    make_room(picture.pixels)
    paintings = [(painted, 1.0)] if isinstance(painted, Tensor) else painted
    layers = [(_in_size(each, picture, config), _in_rows(share, picture)) for each, share in paintings]
    kept, strong = _in_rows(preserve_color, picture), _in_rows(strength, picture)
    pixels = torch.empty_like(picture.pixels)
    for rows in strips(*picture.pixels.shape[:2]):
        photo = picture.rows(rows)  # whose colours few ask for
        strip = reduce(torch.add, (_weighted(layer(rows, photo), share(rows)) for layer, share in layers))
        if isinstance(colors := kept(rows), Tensor) or colors:
            kept_color = keep_color(strip, photo.rgb)
            strip = kept_color if _is_all(colors) else torch.lerp(strip, kept_color, colors)
        share = strong(rows)
        pixels[rows] = to_pixels(strip if _is_all(share) else torch.lerp(photo.rgb, strip, share))
    del layers
    make_room(pixels)  # for whoever writes it
    return replace(picture, pixels=pixels)


def _weighted(values: Tensor, share: Share) -> Tensor:
    return values if _is_all(share) else values * share


def _is_all(share: Share) -> bool:
    return isinstance(share, float) and share == 1


def _in_rows(share: Share, picture: Picture) -> Callable[[slice], Share]:
    """Some rows of a share in the picture's size."""
    height, width = picture.pixels.shape[:2]
    if isinstance(share, Tensor):
        return lambda rows: resampled_rows(share, height, width, rows).clamp_(0, 1)
    return lambda rows: share


def check_strength(strength: float) -> None:
    """Raises InvalidValue for a strength outside 0 to 1."""
    if not 0 <= strength <= 1:
        raise InvalidValue(f"strength is between 0 and 1, not {strength:g}")


def _in_size(painted: Tensor, picture: Picture, config: StrokeConfig | AffineConfig) -> Rows:
    if isinstance(config, AffineConfig):
        return LocalAffine(painted, picture, config).rows
    (height, width), (painted_height, painted_width) = picture.pixels.shape[:2], painted.shape[1:]
    if (painted_height, painted_width) == (height, width):
        return lambda rows, photo: painted[:, rows]
    if max(painted_height, painted_width) > max(height, width):
        return lambda rows, photo: resampled_rows(painted, height, width, rows).clamp_(0, 1)
    return Enlargement(painted, picture, config).rows
