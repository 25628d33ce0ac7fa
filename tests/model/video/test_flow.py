from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.model.pictures.picture import Picture
from impasto.model.video.flow import Motion
from tests.films import panned


def test_a_pan_is_found_and_carried_along() -> None:
    before, after = panned(2, height=96, width=128, step=4)
    motion = Motion(both_ways=True)
    assert motion.next(before) is None
    flow = motion.next(after)
    assert flow is not None
    x, y = flow.of_most
    assert [x * 128, y * 96] == pytest.approx([-4, 0], abs=0.2)
    carried = flow.carry(Picture(before).rgb[None])[0]
    inner = np.s_[:, 8:-8, 8:-8]
    assert (carried - Picture(after).rgb)[inner].abs().mean() < 0.02
    assert flow.visible[8:-8, 8:-8].mean() > 0.9
    assert flow.visible[:, -3:].mean() < 0.5  # what has come into the picture


def test_what_is_covered_is_not_visible() -> None:
    (before,) = panned(1, height=96, width=128)
    after = before.clone()
    after[30:60, 40:80] = 255 - after[30:60, 40:80].flip(0)
    motion = Motion(both_ways=True)
    motion.next(before)
    flow = motion.next(after)
    assert flow is not None
    assert flow.visible[30:60, 40:80].mean() < 0.7 < flow.visible[70:].mean()


def test_large_frames_are_looked_at_small_and_the_flow_is_made_large_again() -> None:
    before, after = panned(2, height=360, width=960, step=12)
    motion = Motion(both_ways=False)
    motion.next(before)
    flow = motion.next(after)
    assert flow is not None and flow.visible.shape == (240, 640) and flow.visible.all()
    large = flow.of_size(360, 960)
    assert float(np.median(large.moved[..., 0])) == pytest.approx(12, abs=0.5)
    assert torch.tensor(flow.of_most[0] * 960).item() == pytest.approx(-12, abs=0.5)
