"""Names with weights, as people write them."""

from __future__ import annotations

import pytest

from impasto.model.styles.shares import parse_shares


def test_weights_are_read_from_the_names() -> None:
    assert parse_shares(["a=0.7", "b=0.3"]) == {"a": 0.7, "b": 0.3}
    assert parse_shares(["a", "b"]) == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize("wrong", [["a=0.5", "b"], ["a=0.5", "a=0.5"], ["a", "a"], ["a=x"], ["a=nan"], ["a=-1", "b=2"]])
def test_what_has_no_weight_or_two_is_named(wrong: list[str]) -> None:
    with pytest.raises(ValueError, match=r"weight of (a|b) is .* not a number|a: named twice"):
        parse_shares(wrong)
