from __future__ import annotations

import pytest
import torch

from impasto.model.painting import memory


def test_room_is_made_for_large_pictures_only(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(memory, "release_freed_memory", lambda: made.append("room"))
    monkeypatch.setattr(memory, "LARGE", 3 * 64 * 64)
    memory.make_room(torch.zeros(64, 64, 3, dtype=torch.uint8))
    assert not made
    memory.make_room(torch.zeros(64, 65, 3, dtype=torch.uint8))
    assert made == ["room"]
