"""From what the network painted to the picture that was asked for: its size, its strength, its colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.network.config import StrokeConfig
from impasto.model.painting.enlarging import Enlargement
from impasto.model.painting.memory import make_room
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.picture import Picture, to_pixels
from impasto.model.pictures.resize import resampled_rows
from impasto.model.pictures.strips import strips

Rows = Callable[[slice, Tensor], Tensor]
"""Some rows of a painting in its photo's size, (3, rows, W), for those rows and the photo in them, (3, rows, W)."""


def finish(
    picture: Picture,
    painted: Tensor,
    config: StrokeConfig,
    *,
    strength: float = 1.0,
    preserve_color: bool = False,
) -> Picture:
    """A picture with what was painted from it, (3, h, w), of its own size or another.

    strength: 1 is the painting, 0 the photo, between them a mixture of their pixels.
    preserve_color: take only the brightness from the painting.
    Raises InvalidValue for a strength outside 0 to 1.
    """
    check_strength(strength)
    make_room(picture.pixels)
    painted_rows = _in_size(painted, picture, config)
    pixels = torch.empty_like(picture.pixels)
    for rows in strips(*picture.pixels.shape[:2]):
        photo = picture.rows(rows).rgb
        strip = painted_rows(rows, photo)
        if preserve_color:
            strip = keep_color(strip, photo)
        pixels[rows] = to_pixels(strip if strength == 1 else torch.lerp(photo, strip, strength))
    del painted_rows
    make_room(pixels)  # for whoever writes it
    return replace(picture, pixels=pixels)


def check_strength(strength: float) -> None:
    """Raises InvalidValue for a strength outside 0 to 1."""
    if not 0 <= strength <= 1:
        raise InvalidValue(f"strength is between 0 and 1, not {strength:g}")


def _in_size(painted: Tensor, picture: Picture, config: StrokeConfig) -> Rows:
    (height, width), (painted_height, painted_width) = picture.pixels.shape[:2], painted.shape[1:]
    if (painted_height, painted_width) == (height, width):
        return lambda rows, photo: painted[:, rows]
    if max(painted_height, painted_width) > max(height, width):
        return lambda rows, photo: resampled_rows(painted, height, width, rows).clamp_(0, 1)
    return Enlargement(painted, picture, config).rows
