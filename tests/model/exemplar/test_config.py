"""What cannot be chosen is refused where it is chosen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from impasto.model.errors import InvalidValue
from impasto.model.exemplar.config import (
    AnalogyConfig,
    CoherenceConfig,
    QuiltingConfig,
    SamplingConfig,
    TransferConfig,
)


def test_pieces_overlap_by_a_sixth() -> None:
    assert [QuiltingConfig(block=block).shared for block in (2, 9, 16, 36)] == [1, 2, 3, 6]
    assert QuiltingConfig(block=36, overlap=9).shared == 9


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: QuiltingConfig(block=1), "at least 2 pixels"),
        (lambda: QuiltingConfig(block=12, overlap=7), "overlap by 1 to 6, not 7"),
        (lambda: QuiltingConfig(block=12, overlap=0), "overlap by 1 to 6, not 0"),
        (lambda: QuiltingConfig(tolerance=-0.1), "tolerance"),
        (lambda: SamplingConfig(tolerance=float("nan")), "tolerance"),
        (lambda: SamplingConfig(window=8), "odd number"),
        (lambda: CoherenceConfig(window=1), "at least 3, not 1"),
        (lambda: CoherenceConfig(passes=0), "at least one pass"),
        (lambda: TransferConfig(passes=0), "at least one pass"),
        (lambda: TransferConfig(block=12, overlap=7), "overlap by 1 to 6, not 7"),
        (lambda: AnalogyConfig(kappa=-1), "kappa"),
        (lambda: AnalogyConfig(levels=0), "at least one level"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], fault: str) -> None:
    with pytest.raises(InvalidValue, match=fault):
        make()
