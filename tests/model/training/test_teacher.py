"""A network learns to paint what another one paints, in styles and in blends of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable
from impasto.model.training.config import RunConfig, TeachingConfig, TrainingConfig
from impasto.model.training.loop import train
from impasto.model.training.teacher import Teacher, blends
from tests.networks import TINY_SMALL

CPU = torch.device("cpu")
ROWS = torch.tensor([2, 0, 1, 0])


@pytest.fixture(scope="module")
def teacher(tiny_checkpoint: Checkpoint) -> Teacher:
    return Teacher(tiny_checkpoint, tiny_checkpoint.styles.styles[::-1], TeachingConfig(weight=10), CPU)


def test_a_teacher_paints_the_students_styles_and_blends_of_them(teacher: Teacher, tiny_checkpoint: Checkpoint) -> None:
    photos = torch.rand(2, 3, 40, 32, generator=torch.Generator().manual_seed(0))
    shares = {"the-scream": 0.75, "great-wave": 0.25}
    expected = tiny_checkpoint.network(photos, tiny_checkpoint.styles.blend(shares).expand(2, -1))
    mixtures = torch.tensor([[0.75, 0, 0.25], [0.75, 0, 0.25]])  # its styles are in reverse
    torch.testing.assert_close(teacher.paint(photos, mixtures), expected, rtol=0, atol=2e-5)
    assert float(teacher.error(expected + 0.1, expected)) == pytest.approx(1, abs=1e-3)


def test_a_teacher_that_does_not_paint_a_style_says_which(tiny_checkpoint: Checkpoint) -> None:
    with pytest.raises(InvalidValue, match="the teacher does not paint my-style; leave them out, or name another"):
        Teacher(tiny_checkpoint, [Style("my-style", "Mine")], TeachingConfig(), CPU)


def test_a_share_of_a_batch_is_painted_in_blends_of_two_styles_that_sum_to_1() -> None:
    mixtures = blends(ROWS, 3, 2, torch.Generator().manual_seed(1))
    assert torch.equal(mixtures[:2], torch.tensor([[0.0, 0, 1], [1, 0, 0]]))
    assert torch.allclose(mixtures.sum(dim=1), torch.ones(4))
    assert (mixtures[2:] > 0).sum(dim=1).max() == 2
    assert torch.equal(blends(ROWS, 3, 0, torch.Generator()).argmax(dim=1), ROWS)


def test_shares_that_are_more_than_a_batch_are_refused() -> None:
    for wrong in ({"blends": 0.6, "judged": 0.5}, {"weight": -1.0}, {"blends": -0.1}):
        with pytest.raises(InvalidValue, match="blends and judged are shares, at most 1 together"):
            TeachingConfig(**wrong)


def test_a_student_comes_nearer_to_its_teacher_and_is_its_small_network(
    tiny_checkpoint: Checkpoint, photos: Path, paintings: Path, tmp_path: Path
) -> None:
    table = tiny_checkpoint.styles
    of_paintings = StyleTable([Style("style-0", "0"), Style("style-1", "1")], table.vectors[:2])
    large = replace(tiny_checkpoint, styles=of_paintings, small=None)
    checkpoint.save(large, tmp_path / "mine.safetensors")
    config = TrainingConfig(
        steps=32,
        batch=2,
        crop=64,
        painted_over=0.25,
        average=0,
        learning_rate=1e-2,
        held_out=2,
        network=TINY_SMALL,
        objective=ObjectiveConfig(painting_size=64),
        teaching=TeachingConfig(weight=1e9),
    )
    output = tmp_path / "run"
    run = RunConfig(paintings, photos, output, teacher=tmp_path / "mine.safetensors", device="cpu", workers=0)

    def distance(steps: int) -> float:
        trained = checkpoint.load(train(replace(config, steps=steps), replace(run, output=output / f"{steps}")))
        assert trained.training.teacher == large.network_id
        teacher = Teacher(large, of_paintings.styles, TeachingConfig(weight=1), CPU)
        images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(5))
        trained.network.requires_grad_(False)
        taught = teacher.paint(images, torch.eye(2))
        return float(teacher.error(trained.network(images, trained.styles.vectors), taught))

    assert distance(config.steps) < 0.9 * distance(1)
    trained = output / f"{config.steps}" / "checkpoint.safetensors"
    trained.rename(tmp_path / "mine-small.safetensors")
    assert checkpoint.load(tmp_path / "mine.safetensors").of("small").styles.ids == ("style-0", "style-1")
