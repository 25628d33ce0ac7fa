from __future__ import annotations

from typing import get_args

import pytest

from impasto.app.http.negotiation import preferred_format
from impasto.model.pictures.picture import Format


@pytest.mark.parametrize(
    ("accept", "uploaded", "expected"),
    [
        ("*/*", "jpeg", "jpeg"),
        ("", "webp", "webp"),
        ("application/json", "png", "png"),
        ("image/webp", "jpeg", "webp"),
        ("image/webp, image/jpeg", "jpeg", "jpeg"),
        ("image/webp, image/jpeg;q=0.5", "jpeg", "webp"),
        ("image/png;q=0.2, image/webp;q=0.9", "jpeg", "webp"),
        ("IMAGE/PNG", "jpeg", "png"),
        ("image/png;q=0", "jpeg", "jpeg"),
        ("image/png;q=nonsense", "jpeg", "jpeg"),
        ("image/jpeg;q=0, */*", "jpeg", "png"),
        ("image/jpeg;q=0, image/png;q=0, image/webp;q=0", "jpeg", "jpeg"),
    ],
)
def test_the_highest_ranked_format_wins_and_ties_go_to_the_uploaded_one(
    accept: str, uploaded: Format, expected: Format
) -> None:
    assert preferred_format(accept, uploaded, get_args(Format)) == expected
