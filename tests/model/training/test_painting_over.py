"""Crops that are painted as large photos are."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import StrokeConfig
from impasto.model.painting.stylizer import Stylizer
from impasto.model.training.painting_over import is_painted_over, paint_over

PHOTOS = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
MIXTURES = torch.eye(2)


def test_a_share_of_the_steps_evenly_spread_is_painted_over() -> None:
    assert [is_painted_over(step, 0.25) for step in range(8)] == [False, False, False, True] * 2
    assert not any(is_painted_over(step, 0) for step in range(100))
    assert all(is_painted_over(step, 1) for step in range(100))
    assert sum(is_painted_over(step, 0.3) for step in range(100)) == 30


def test_a_crop_is_painted_as_a_large_photo_is(tiny_checkpoint: Checkpoint) -> None:
    vectors = tiny_checkpoint.styles.vectors[:2]

    def paint(images: Tensor, mixtures: Tensor) -> Tensor:
        painted: Tensor = tiny_checkpoint.network(images, mixtures @ vectors)
        return painted

    with torch.no_grad():
        painted = paint_over(paint, PHOTOS, MIXTURES, StrokeConfig())
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    expected = stylizer.paint(PHOTOS, vectors, sizes=((32, 48), (64, 96)))
    torch.testing.assert_close(painted, expected, rtol=0, atol=1e-3)


def test_only_the_second_time_is_learned_from() -> None:
    factor = torch.ones((), requires_grad=True)
    seen: list[tuple[tuple[int, ...], bool]] = []

    def paint(images: Tensor, mixtures: Tensor) -> Tensor:
        painted = images * factor
        seen.append((tuple(images.shape[2:]), painted.requires_grad))
        return painted

    paint_over(paint, PHOTOS, MIXTURES, StrokeConfig()).sum().backward()
    assert seen == [((32, 48), False), ((64, 96), True)]
    assert factor.grad is not None and factor.grad.isfinite()
