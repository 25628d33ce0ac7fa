from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.model.evaluation.blending import STEPS, Blending, measure_blends, some_pairs
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception.artefacts import THRESHOLDS
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.objective import Objective
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.resize import center_crop, resize
from impasto.model.styles.paintings import load_paintings
from tests.pictures import write_paintings


def blending(to_first: list[float], to_second: list[float], artefact: list[float]) -> Blending:
    losses = torch.tensor([to_first, to_second]).T[None]
    return Blending([(0, 1)], losses, {"border": torch.tensor([artefact])})


FALLING, RISING = [float(9 - step) for step in range(STEPS)], [float(step) for step in range(STEPS)]
NONE = [0.0] * STEPS


def test_a_blend_that_moves_from_one_style_to_the_other_is_monotone() -> None:
    assert blending(RISING, FALLING, NONE).monotony.tolist() == pytest.approx([1.0])
    assert blending(FALLING, RISING, NONE).monotony.tolist() == pytest.approx([-1.0])


def test_a_step_back_costs_what_spearman_says() -> None:
    back = [0.0, 2.0, 1.0, *RISING[3:]]
    assert blending(back, FALLING, NONE).monotony.tolist() == pytest.approx([(1 - 6 * 2 / (9 * 80) + 1) / 2])


def test_an_artefact_of_the_middle_is_measured_against_the_worse_end() -> None:
    threshold = THRESHOLDS["border"]
    artefact = [3 * threshold, *[0.0] * 3, 6 * threshold, *[0.0] * 3, 2 * threshold]
    assert blending(RISING, FALLING, artefact).excess["border"].tolist() == pytest.approx([2.0])


def test_what_is_not_seen_is_no_artefact() -> None:
    artefact = [0.0] * 4 + [THRESHOLDS["border"] * 0.9] + [0.0] * 4
    assert blending(RISING, FALLING, artefact).excess["border"] < 1


def test_pairs_are_distinct_and_every_style_has_its_turn() -> None:
    pairs = some_pairs(32, 40)
    assert len(set(pairs)) == 40 and all(first < second for first, second in pairs)
    assert len({style for pair in pairs for style in pair}) == 32
    assert some_pairs(3, 40) == [(0, 1), (1, 2), (0, 2)]


def test_the_ends_of_a_blend_are_its_styles(tiny_checkpoint: Checkpoint, photos: Path, tmp_path: Path) -> None:
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")
    paintings = [resize(p.rgb, 64) for p in load_paintings(write_paintings(tmp_path / "p", 3, side=128))]
    objective = Objective(ObjectiveConfig(painting_size=64), paintings)
    crops = [center_crop(load_rgb(path), 64) for path in sorted(photos.iterdir())[:2]]
    found = measure_blends(stylizer, tiny_checkpoint.styles.vectors, objective, crops, [(0, 2)])
    painted = [stylizer.paint(crop[None], tiny_checkpoint.styles.vectors[2:]) for crop in crops]
    losses = [objective.style_losses(objective.distances(objective.loss_network(each)))[[0, 2]] for each in painted]
    torch.testing.assert_close(found.losses[0, -1], torch.stack(losses).mean(dim=0), rtol=1e-5, atol=0)
    assert set(found.artefacts) == set(found.excess)
    assert all(values.shape == (1, STEPS) for values in found.artefacts.values())
