from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from impasto.model.evaluation.scale import painted_larger, stroke_period, typical_period
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.picture import Picture


def waves(height: int, width: int, periods: int) -> Tensor:
    """So many waves along the width."""
    x = torch.arange(width) / width
    return (0.5 + 0.2 * torch.sin(2 * math.pi * periods * x)).expand(3, height, width)


@pytest.mark.parametrize("periods", [40, 60, 100])
@pytest.mark.parametrize("size", [(256, 256), (192, 256), (512, 512)])
def test_the_period_of_strokes_is_found_whatever_the_resolution(periods: int, size: tuple[int, int]) -> None:
    found = stroke_period(waves(*size, periods), torch.full((3, *size), 0.5))
    assert found == pytest.approx(1 / periods, rel=0.15)


def test_what_the_photo_has_itself_is_no_stroke() -> None:
    photo = waves(256, 256, 40) - 0.25
    assert stroke_period(photo + waves(256, 256, 100) - 0.5, photo) == pytest.approx(1 / 100, rel=0.15)


def test_a_photo_is_painted_larger_and_comes_back_in_its_size(tiny_checkpoint: Checkpoint) -> None:
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    photo = torch.rand(3, 48, 64)
    assert painted_larger(stylizer, tiny_checkpoint.styles.vectors, 128)(photo, 1).shape == (3, 48, 64)


def test_the_period_of_several_photos_and_styles_is_their_median(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")

    def as_waves(picture: Picture, vector: Tensor, *, stroke: float) -> Picture:
        return Picture.from_rgb((picture.rgb + waves(256, 256, round(float(vector[0]) * stroke)) - 0.5).clamp(0, 1))

    monkeypatch.setattr(stylizer, "stylize", as_waves)
    vectors, photos = torch.tensor([[40.0], [60.0], [100.0]]), [torch.full((3, 64, 64), 0.5)]
    assert typical_period(stylizer, vectors, photos, side=256) == pytest.approx(1 / 60, rel=0.15)
    assert typical_period(stylizer, vectors, photos, side=256, stroke=0.7) == pytest.approx(1 / 42, rel=0.15)
