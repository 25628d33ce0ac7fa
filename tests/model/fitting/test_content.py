"""The photos that styles are fitted on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.model.fitting.content import SHIPPED, crops
from impasto.model.pictures.images import NoImages


def test_photos_are_there_without_any_folder() -> None:
    found = crops(count=10, side=64)
    assert found.shape == (10, 3, 64, 64)
    assert 0 <= found.min() < found.max() <= 1
    assert len(list(SHIPPED.glob("*.jpg"))) == 5


def test_the_same_crops_come_again_and_others_with_another_seed() -> None:
    assert torch.equal(crops(count=4, side=48), crops(count=4, side=48))
    assert not torch.equal(crops(count=4, side=48), crops(count=4, side=48, seed=1))


def test_photos_of_a_folder_are_used_instead(photos: Path) -> None:
    own = crops(photos, count=6, side=32)
    assert own.shape == (6, 3, 32, 32)
    assert not torch.equal(own, crops(count=6, side=32))


def test_a_folder_without_photos_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoImages):
        crops(tmp_path)
