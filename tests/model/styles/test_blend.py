"""Blends of style vectors."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.model.styles.blend import InvalidWeights, blend, convex
from impasto.model.styles.table import StyleTable

IDS = ("great-wave", "starry-night", "the-scream")
shares = st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda values: sum(values) > 0.01)


def as_weights(values: list[float]) -> list[float]:
    return [value / math.fsum(values) for value in values]


@pytest.mark.parametrize("style_id", IDS)
def test_a_one_hot_blend_is_that_style(tiny_styles: StyleTable, style_id: str) -> None:
    one_hot = {other: float(other == style_id) for other in IDS}
    assert torch.equal(tiny_styles.blend(one_hot), tiny_styles.vectors[tiny_styles.row(style_id)])
    assert torch.equal(tiny_styles.blend({style_id: 1.0}), tiny_styles.vectors[tiny_styles.row(style_id)])


@given(first=shares, second=shares, mixed=st.floats(0, 1))
def test_a_blend_is_linear_in_its_weights(
    tiny_styles: StyleTable, first: list[float], second: list[float], mixed: float
) -> None:
    a, b = as_weights(first), as_weights(second)
    between = [mixed * x + (1 - mixed) * y for x, y in zip(a, b, strict=True)]
    expected = mixed * blend(tiny_styles.vectors, a) + (1 - mixed) * blend(tiny_styles.vectors, b)
    torch.testing.assert_close(blend(tiny_styles.vectors, between), expected, rtol=0, atol=1e-5)


@given(values=shares, order=st.permutations(IDS))
def test_the_order_of_styles_does_not_matter(tiny_styles: StyleTable, values: list[float], order: list[str]) -> None:
    weights = dict(zip(IDS, as_weights(values), strict=True))
    shuffled = {style_id: weights[style_id] for style_id in order}
    torch.testing.assert_close(tiny_styles.blend(shuffled), tiny_styles.blend(weights), rtol=0, atol=1e-5)


@given(values=shares)
def test_a_blend_lies_between_its_styles(tiny_styles: StyleTable, values: list[float]) -> None:
    result = blend(tiny_styles.vectors, as_weights(values))
    assert (result >= tiny_styles.vectors.amin(dim=0) - 1e-5).all()
    assert (result <= tiny_styles.vectors.amax(dim=0) + 1e-5).all()


@given(values=shares, off=st.floats(-9e-4, 9e-4))
def test_weights_that_nearly_sum_to_one_are_normalized_exactly(values: list[float], off: float) -> None:
    assert math.fsum(convex([weight * (1 + off) for weight in as_weights(values)])) == pytest.approx(1, abs=1e-15)


def test_a_blend_of_nearly_one_is_not_brighter_than_its_style() -> None:
    assert blend(torch.ones(2, 4), [0.5, 0.5009]).tolist() == pytest.approx([1.0] * 4, abs=1e-7)


@pytest.mark.parametrize(
    ("weights", "fault"),
    [
        ([], "at least one weight"),
        ([0.5, math.nan, 0.5], "weight 2 is nan, not a finite number"),
        ([math.inf, 0.5], "weight 1 is inf, not a finite number"),
        ([1.5, -0.5], "weight 2 is -0.5; weights are at least 0"),
        ([0.3, 0.2], r"sum to 0\.5; they must sum to 1"),
        ([0.0, 0.0], "sum to 0;"),
        ([0.5, 0.5011], "sum to 1.0011;"),
        ([1e308, 1e308], "sum to"),
    ],
)
def test_weights_that_are_no_convex_combination_name_their_fault(weights: list[float], fault: str) -> None:
    with pytest.raises(InvalidWeights, match=fault):
        convex(weights)


@pytest.mark.parametrize("weights", [[0.25] * 4, [0.5, 0.5], []])
def test_more_or_fewer_weights_than_styles_are_an_error(tiny_styles: StyleTable, weights: list[float]) -> None:
    with pytest.raises(InvalidWeights, match=f"{len(weights)} weights for 3 styles"):
        blend(tiny_styles.vectors, weights)


def test_a_blend_of_nothing_is_an_error(tiny_styles: StyleTable) -> None:
    with pytest.raises(InvalidWeights, match="at least one weight"):
        tiny_styles.blend({})
