"""What the commands share that make pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.model.pictures.picture import Picture
from impasto.scripts.pictures import check_target, repainted


def test_a_transparent_photo_that_is_repainted_in_another_size_keeps_its_shape() -> None:
    alpha = torch.zeros(40, 56, dtype=torch.uint8)
    alpha[:20] = 255
    painted = repainted(Picture(torch.zeros(40, 56, 3, dtype=torch.uint8), alpha), torch.ones(3, 20, 28))
    assert painted.size == (28, 20) and painted.alpha is not None
    assert painted.alpha[:, 0].tolist()[:8] + painted.alpha[:, 0].tolist()[-8:] == [255] * 8 + [0] * 8


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        check_target(tmp_path / "out.png")
