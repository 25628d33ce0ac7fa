from __future__ import annotations

import numpy as np
import pytest

from impasto.model.pictures.picture import Picture
from impasto.model.video.affine import moved
from impasto.model.video.flow import Motion
from tests.films import panned


def test_a_pan_is_found_and_carried_along() -> None:
    before, after = panned(2, height=96, width=128, step=4)
    motion = Motion()
    assert motion.next(before) is None
    flow = motion.next(after)
    assert flow is not None
    assert np.median(flow.moved, axis=(0, 1)) == pytest.approx([4, 0], abs=0.2)
    pixels = [np.ascontiguousarray(Picture(each).rgb.permute(1, 2, 0).numpy()) for each in (before, after)]
    inner = np.s_[8:-8, 8:-8]
    assert np.abs(flow.carry(pixels[0]) - pixels[1])[inner].mean() < 0.02
    assert flow.visible[inner].mean() > 0.9
    assert flow.visible[:, -3:].mean() < 0.5  # what has come into the picture


def test_what_the_camera_does_can_be_taken_out() -> None:
    before, after = panned(2, height=96, width=128, step=4)
    motion = Motion()
    motion.next(before)
    flow = motion.next(after)
    assert flow is not None
    rest = flow.besides(moved(4 / 128, 0))
    assert np.median(np.abs(rest.moved)) < 0.2
    assert (rest.visible == flow.visible).all()


def test_what_is_covered_is_not_visible() -> None:
    (before,) = panned(1, height=96, width=128)
    after = before.clone()
    after[30:60, 40:80] = 255 - after[30:60, 40:80].flip(0)
    motion = Motion()
    motion.next(before)
    flow = motion.next(after)
    assert flow is not None
    assert flow.visible[30:60, 40:80].mean() < 0.7 < flow.visible[70:].mean()


def test_large_frames_are_looked_at_small_and_the_flow_is_made_large_again() -> None:
    before, after = panned(2, height=360, width=960, step=12)
    motion = Motion()
    motion.next(before)
    flow = motion.next(after)
    assert flow is not None and flow.visible.shape == (240, 640)
    large = flow.of_size(360, 960)
    assert float(np.median(large.moved[..., 0])) == pytest.approx(12, abs=0.5)
