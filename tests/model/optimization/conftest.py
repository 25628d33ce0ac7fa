"""Pictures small enough to be optimised in a moment."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.pictures import painting, photo


@pytest.fixture(scope="session")
def small_photo() -> Tensor:
    """(3, 48, 64) in [0, 1]."""
    return torch.from_numpy(photo(height=48, width=64)).permute(2, 0, 1).float() / 255


@pytest.fixture(scope="session")
def small_painting() -> Tensor:
    """(3, 64, 64) in [0, 1]."""
    return torch.from_numpy(painting(height=64, width=64)).permute(2, 0, 1).float() / 255
