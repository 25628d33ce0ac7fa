from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.network.config import StrokeConfig
from impasto.model.painting.enlarging import STEEPEST, Enlargement, slopes
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import resample

CONFIG = StrokeConfig()


def grey(values: Tensor) -> Tensor:
    return values.expand(3, -1, -1)


def smooth(height: int, width: int, seed: int = 0) -> Tensor:
    coarse = torch.rand(1, 1, 12, 16, generator=torch.Generator().manual_seed(seed))
    return resample(coarse, (height, width))[0].clamp(0, 1)


def enlarged(painted: Tensor, photo: Picture) -> Tensor:
    return Enlargement(painted, photo, CONFIG).rows(slice(0, photo.size[1]), photo)


def test_an_edge_that_painting_and_photo_share_is_nearly_as_sharp_as_in_the_photo() -> None:
    photo = torch.zeros(1, 128, 128)
    photo[..., 63:] = 1.0
    large = Picture.from_rgb(grey(photo))
    painted = resample(large.rgb[None], (32, 32))[0].clamp(0, 1) * 0.5 + 0.25
    result = enlarged(painted, large)
    wanted = grey(photo) * 0.5 + 0.25
    only_larger = resample(painted[None], (128, 128))[0]
    assert (result - wanted).abs().mean() < (only_larger - wanted).abs().mean() / 3


def test_strokes_that_the_photo_knows_nothing_of_are_only_enlarged() -> None:
    flat = Picture.from_rgb(torch.full((3, 120, 160), 0.5))
    painted = grey(smooth(60, 80))
    expected = resample(painted[None], (120, 160))[0].clamp(0, 1)
    torch.testing.assert_close(enlarged(painted, flat), expected, rtol=0, atol=1e-4)


def test_rows_are_those_of_the_whole() -> None:
    photo = Picture.from_rgb(torch.rand(3, 101, 77, generator=torch.Generator().manual_seed(0)))
    painted = torch.rand(3, 40, 31, generator=torch.Generator().manual_seed(1))
    whole = enlarged(painted, photo)
    enlargement = Enlargement(painted, photo, CONFIG)
    for rows in (slice(0, 1), slice(7, 50), slice(100, 101)):
        torch.testing.assert_close(enlargement.rows(rows, photo.rows(rows)), whole[:, rows], rtol=0, atol=1e-5)


def test_slopes_are_those_of_a_straight_line_and_bounded() -> None:
    shown = smooth(40, 40)
    found = slopes(grey(shown) * 0.5 + 0.1, shown, radius=4, noise=1e-9)
    assert (found - 0.5).abs().max() < 0.01
    assert slopes(grey(shown) * 9, shown, radius=4, noise=1e-9).max() == STEEPEST
