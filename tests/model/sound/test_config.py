"""What cannot be chosen."""

from __future__ import annotations

import pytest

from impasto.model.sound.config import SoundConfig


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"style_weight": -1}, "content-weight and style-weight"),
        ({"content_weight": float("nan")}, "content-weight and style-weight"),
        ({"sample_rate": 0}, "sample-rate"),
        ({"window": 1}, "window"),
        ({"hop": 2000}, "hop at most half"),
        ({"filters": 0}, "filters"),
        ({"stride": 0}, "stride"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, float], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        SoundConfig(**wrong)  # type: ignore[arg-type]
