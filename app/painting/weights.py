"""Blends as a form writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import Form
from pydantic import BeforeValidator

from impasto.model.styles.blend import MOST_BLENDED, InvalidWeights, convex
from impasto.model.styles.style import LONGEST_ID, SLUG

MOST_BLENDS = 16
"""Blends in one grid."""
LONGEST_BLEND = MOST_BLENDED * (LONGEST_ID + 24)
"""Letters of a blend's text."""
NUMBER = re.compile(r"[0-9]*\.?[0-9]+(e-?[0-9]+)?", re.IGNORECASE)
"""Stricter than `float`, which takes nan, 1_0 and blanks."""


def given(weights: Sequence[object] | None) -> list[object] | None:
    """The weights that a form has, without those left empty, as browsers send them; None for none."""
    return [weight for weight in weights or () if weight != ""] or None


Weights = Annotated[
    list[float] | None,
    BeforeValidator(given),
    Form(
        description="One number per style, at least 0, with sum 1 (± 0.001). "
        "With two styles, a single one is that of the first. None: equal shares",
        examples=[[0.3]],
    ),
]
"""The field of a form."""


def assign_weights(styles: Sequence[str], weights: Sequence[float] | None) -> dict[str, float]:
    """Which weight each style has: given, α of the first of two, or equal shares.

    A style named twice has the sum of its weights. Raises InvalidWeights.
    """
    if not weights:
        weights = [1 / len(styles)] * len(styles)
    elif len(weights) == 1 and len(styles) == 2:
        weights = [weights[0], 1 - weights[0]]
    if len(weights) != len(styles):
        raise InvalidWeights(f"{len(weights)} weights for {len(styles)} styles; give one each, or none")
    result = dict.fromkeys(styles, 0.0)
    for style_id, share in zip(styles, convex(weights), strict=True):
        result[style_id] += share
    return result


def parse_blend(text: str, position: int) -> dict[str, float]:
    """`style=weight,style=weight` -> {style id: weight}. position: of the blend among others, to name it by.

    Raises InvalidWeights.
    """
    styles, weights = [], []
    for part in text.split(","):
        style_id, _, weight = part.strip().partition("=")
        if not SLUG.fullmatch(style_id) or not NUMBER.fullmatch(weight):
            raise InvalidWeights(
                f"blend {position}: {part!r} is no style id, an equals sign and a number; "
                "a blend looks like van-gogh-starry-night=0.3,hokusai-great-wave=0.7"
            )
        styles.append(style_id)
        weights.append(float(weight))
    if len(styles) > MOST_BLENDED:
        raise InvalidWeights(f"blend {position} has {len(styles)} styles; at most {MOST_BLENDED} are blended")
    try:
        return assign_weights(styles, weights)
    except InvalidWeights as error:
        raise InvalidWeights(f"blend {position}: {error}") from None
