"""The verdict says what is wrong with a fit, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import Fitter
from impasto.model.fitting.verdict import judge
from impasto.model.network.checkpoint import Checkpoint
from tests.pictures import painting

PAINTING = torch.from_numpy(painting(5)).permute(2, 0, 1) / 255
PHOTOS = crops(count=4, side=32)
Judge = Callable[..., Fitter]


@pytest.fixture
def fitter_for(tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]) -> Judge:
    """A fitter for a network that was trained to some losses."""

    def make(**losses: float) -> Fitter:
        training = replace(tiny_checkpoint.training, style_losses={"great-wave": losses})
        source = replace(tiny_checkpoint, training=training)
        return Fitter(source, PAINTING, PHOTOS, weights=vgg_weights, device="cpu")

    return make


def test_as_good_as_the_trained_styles_is_good(fitter_for: Judge, tiny_checkpoint: Checkpoint) -> None:
    fitter = fitter_for(style_distance=1e6, content_error=1e6)
    verdict = judge(fitter, tiny_checkpoint.styles.vectors[0], PHOTOS)
    assert verdict.grade == "good"
    assert verdict.losses == fitter.measure(tiny_checkpoint.styles.vectors[0], PHOTOS)
    assert set(verdict.artefacts) == {"saturation", "checkerboard", "border", "diagonals"}


@pytest.mark.parametrize(
    ("measure", "advice"), [("style_distance", "far from the painting"), ("content_error", "little of the photo")]
)
@pytest.mark.parametrize(("times", "grade"), [(1.05, "good"), (1.4, "fair"), (3.0, "poor")])
def test_the_worst_measure_makes_the_grade(
    fitter_for: Judge, tiny_checkpoint: Checkpoint, measure: str, advice: str, times: float, grade: str
) -> None:
    vector = tiny_checkpoint.styles.vectors[0]
    found = fitter_for().measure(vector, PHOTOS)
    trained = {"style_distance": 1e6, "content_error": 1e6, measure: found[measure] / times}
    verdict = judge(fitter_for(**trained), vector, PHOTOS)
    assert verdict.grade == grade
    assert (advice in verdict.message) == (grade != "good")


def test_pictures_of_pure_black_and_white_are_poor_whatever_their_losses(
    fitter_for: Judge, tiny_checkpoint: Checkpoint
) -> None:
    vector = tiny_checkpoint.network.identity_style().clone()
    vector[-6:] *= 1000  # γ and β of the last normalization, before the sigmoid
    verdict = judge(fitter_for(style_distance=1e6, content_error=1e6), vector, PHOTOS)
    assert verdict.grade == "poor"
    assert "black or white" in verdict.message


def test_a_checkpoint_that_tells_no_losses_is_judged_by_what_is_usual(
    tiny_checkpoint: Checkpoint, vgg_weights: dict[str, Tensor]
) -> None:
    fitter = Fitter(tiny_checkpoint, PAINTING, PHOTOS, weights=vgg_weights, device="cpu")
    assert judge(fitter, tiny_checkpoint.styles.vectors[0], PHOTOS).grade in ("good", "fair", "poor")
