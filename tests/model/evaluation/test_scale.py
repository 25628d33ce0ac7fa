from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from impasto.model.evaluation.scale import painted_larger, stroke_period
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.picture import Picture


def waves(height: int, width: int, periods: int) -> Tensor:
    """So many waves along the width."""
    x = torch.arange(width) / width
    return (0.5 + 0.2 * torch.sin(2 * math.pi * periods * x)).expand(3, height, width)


def painting(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Checkpoint, brush: Callable[[Tensor, Tensor, float], Tensor]
) -> Stylizer:
    """A stylizer that makes of a photo (3, H, W), a style vector and a stroke what a brush does."""
    stylizer = Stylizer(checkpoint.network, device="cpu", precision="float32")

    def stylize(picture: Picture, vector: Tensor, *, stroke: float) -> Picture:
        return Picture.from_rgb(brush(picture.rgb, vector, stroke).clamp(0, 1))

    monkeypatch.setattr(stylizer, "stylize", stylize)
    return stylizer


def over(photo: Tensor, periods: float) -> Tensor:
    """A photo with waves painted over it."""
    _, height, width = photo.shape
    return photo + waves(height, width, round(periods)) - 0.5


@pytest.mark.parametrize("periods", [40, 60, 100])
@pytest.mark.parametrize("side", [256, 512])
def test_the_period_of_strokes_is_found_whatever_the_resolution(
    periods: int, side: int, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylizer = painting(monkeypatch, tiny_checkpoint, lambda photo, vector, _: over(photo, float(vector)))
    for shape in ((48, 64), (64, 64)):
        found = stroke_period(stylizer, torch.tensor([[periods]]), [torch.rand(3, *shape)], side=side)
        assert found == pytest.approx(1 / periods, rel=0.15)


def test_the_period_of_several_styles_is_that_of_the_strongest_strokes(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylizer = painting(monkeypatch, tiny_checkpoint, lambda photo, vector, s: over(photo, float(vector) / s))
    vectors, photos = torch.tensor([[60.0], [40.0], [60.0]]), [torch.full((3, 64, 64), 0.5)]
    assert stroke_period(stylizer, vectors, photos, side=256) == pytest.approx(1 / 60, rel=0.15)
    assert stroke_period(stylizer, vectors, photos, side=256, stroke=0.7) == pytest.approx(0.7 / 60, rel=0.15)


def test_what_a_painting_has_of_its_photo_is_no_stroke_for_being_brighter_or_weaker(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylizer = painting(monkeypatch, tiny_checkpoint, lambda photo, *_: over(0.4 * photo + 0.3, 30))
    photo = waves(256, 256, 100)
    assert stroke_period(stylizer, torch.zeros(1, 1), [photo], side=256) == pytest.approx(1 / 30, rel=0.15)


def test_a_photo_is_painted_larger_and_comes_back_in_its_size(tiny_checkpoint: Checkpoint) -> None:
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    photo = torch.rand(3, 48, 64)
    assert painted_larger(stylizer, tiny_checkpoint.styles.vectors, 128)(photo, 1).shape == (3, 48, 64)


def test_where_nothing_is_painted_there_are_no_strokes_to_measure(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylizer = painting(monkeypatch, tiny_checkpoint, lambda photo, *_: photo)
    assert math.isnan(stroke_period(stylizer, torch.zeros(1, 1), [waves(256, 256, 100)], side=256))
