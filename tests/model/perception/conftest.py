"""Loss networks whose features are exact."""

from __future__ import annotations

import pytest

from impasto.model.native import convolution


@pytest.fixture
def by_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss networks without kernels, which round."""
    monkeypatch.setattr(convolution, "library", lambda: None)
