from __future__ import annotations

import numpy as np

from impasto.model.video.flow import Floats
from impasto.model.video.stillness import Change
from tests.pictures import photo


def picture(noise: float = 0, seed: int = 0) -> Floats:
    random = np.random.default_rng(seed)
    clean = photo(height=96, width=128).astype(np.float32) / 255
    return np.asarray((clean + noise * random.standard_normal(clean.shape)).clip(0, 1), np.float32)


def test_the_same_is_still() -> None:
    assert (Change.between(picture(), picture()).still == 1).all()


def test_so_is_what_only_has_noise_and_what_else_moves_is_not() -> None:
    before, now = picture(0.012, seed=1), picture(0.012, seed=2)
    assert Change.between(now, before).still.mean() > 0.9
    now[40:60, 40:80] = 1 - now[40:60, 40:80]
    found = Change.between(now, before).still
    assert not found[40:60, 40:80].any()
    assert found[:30].mean() > 0.9


def test_a_picture_that_is_all_new_is_not_noise() -> None:
    assert Change.between(1 - picture(), picture()).still.mean() < 0.3
