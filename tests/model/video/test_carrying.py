from __future__ import annotations

import numpy as np
import pytest

from impasto.model.video.carrying import carried


def test_a_mixture_has_as_much_grain_as_what_is_painted() -> None:
    random = np.random.default_rng(0)
    painted, before = (0.5 + 0.1 * random.standard_normal((2, 64, 96, 3))).clip(0, 1).astype(np.float32)
    half = np.full((64, 96), 0.5, np.float32)
    mixed = carried(painted, before, half)
    assert mixed.std() == pytest.approx(painted.std(), rel=0.1)
    assert np.abs(mixed - before).mean() < 0.8 * np.abs(painted - before).mean()


def test_what_is_painted_again_stays_as_it_is_and_so_does_what_nothing_is_carried_into() -> None:
    painted, before = np.random.default_rng(0).random((2, 64, 96, 3), np.float32)
    share = np.full((64, 96), 0.5, np.float32)
    assert (carried(painted, painted, share) == painted).all()
    share[:, :48] = 0
    assert (carried(painted, before, share)[:, :40] == painted[:, :40]).all()
