"""Blends as a form writes them."""

from __future__ import annotations

import pytest

from impasto.app.painting.weights import assign_weights, parse_blend
from impasto.model.styles.blend import InvalidWeights


@pytest.mark.parametrize(
    ("styles", "weights", "expected"),
    [
        (["a"], None, {"a": 1.0}),
        (["a", "b"], None, {"a": 0.5, "b": 0.5}),
        (["a", "b"], [0.3], {"a": 0.3, "b": 0.7}),
        (["a", "b", "c"], [0.2, 0.3, 0.5], {"a": 0.2, "b": 0.3, "c": 0.5}),
        (["a", "b"], [0.334, 0.667], {"a": 0.334 / 1.001, "b": 0.667 / 1.001}),
        (["a", "b"], [0.333, 0.666], {"a": 1 / 3, "b": 2 / 3}),
        (["a", "b"], [0.3, 0.7005], {"a": 0.3 / 1.0005, "b": 0.7005 / 1.0005}),
        (["a", "b", "a"], [0.2, 0.3, 0.5], {"a": 0.7, "b": 0.3}),
    ],
)
def test_weights_are_assigned_as_the_contract_says(
    styles: list[str], weights: list[float] | None, expected: dict[str, float]
) -> None:
    assert assign_weights(styles, weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("styles", "weights", "fault"),
    [
        (["a"], [float("nan")], "weight 1 is nan"),
        (["a", "b"], [-0.5, 1.5], "weight 1 is -0.5"),
        (["a", "b"], [0.25, 0.25], "sum to 0.5"),
        (["a", "b"], [0.3, 0.7011], "sum to 1.0011"),
        (["a", "b"], [1.3], "weight 2 is -0.3"),
        (["a"], [0.5, 0.5], "2 weights for 1 style"),
        (["a", "b", "c"], [0.5], "1 weights for 3 styles"),
    ],
)
def test_weights_that_are_no_convex_combination_are_refused(
    styles: list[str], weights: list[float], fault: str
) -> None:
    with pytest.raises(InvalidWeights, match=fault):
        assign_weights(styles, weights)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", {"a": 1.0}),
        ("a=0.3,b=0.7", {"a": 0.3, "b": 0.7}),
        ("a=.5, b=.5", {"a": 0.5, "b": 0.5}),
        ("a=1,b=1e-7", {"a": 1 / (1 + 1e-7), "b": 1e-7 / (1 + 1e-7)}),
        ("a=0.2,b=0.3,a=0.5", {"a": 0.7, "b": 0.3}),
    ],
)
def test_a_blend_is_read(text: str, expected: dict[str, float]) -> None:
    assert parse_blend(text, 1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "blend 2: '' is no style id"),
        ("a", "blend 2: 'a' is no style id, an equals sign and a number"),
        ("a=", "'a='"),
        ("=1", "'=1'"),
        ("A=1", "'A=1'"),
        ("a=1,", "blend 2: ''"),
        ("a=nan", "'a=nan'"),
        ("a=inf", "'a=inf'"),
        ("a=1_0", "'a=1_0'"),
        ("a=-1,b=2", "'a=-1'"),
        ("a=1=2", "'a=1=2'"),
        ("a=0.5", "blend 2: the weights sum to 0.5"),
        (",".join(f"s{n}=0" for n in range(9)), "blend 2 has 9 styles; at most 8"),
    ],
)
def test_what_is_no_blend_is_refused_by_its_place_and_text(text: str, fault: str) -> None:
    with pytest.raises(InvalidWeights) as error:
        parse_blend(text, 2)
    assert fault in str(error.value)
