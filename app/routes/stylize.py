"""A photo in, the same photo painted out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Form, Response

from impasto.app.painting.photo_form import PhotoForm, get_photo_form
from impasto.app.schemas import BINARY, problems
from impasto.model.pictures import images
from impasto.model.pictures.images import Format, Picture
from impasto.model.styles.blend import MOST_BLENDED, InvalidWeights, convex

router = APIRouter(prefix="/v1", tags=["stylize"])

HEADERS: dict[str, Any] = {
    name: {"description": text, "schema": {"type": "string"}}
    for name, text in {
        "X-Model-Version": "The id of the network",
        "X-Request-Id": "To find this request in the log",
        "Server-Timing": "Milliseconds in decode, queue, inference, encode",
        "ETag": "Equal for equal pictures",
    }.items()
}
PICTURE: dict[str, Any] = {
    "description": "The painted picture",
    "content": {f"image/{name}": BINARY for name in get_args(Format)},
    "headers": {
        "X-Style-Weights": {
            "description": "The weights as applied, a JSON object of style ids",
            "schema": {"type": "string"},
        },
        **HEADERS,
    },
}


@router.post(
    "/stylize",
    summary="Paint a photo in one style or in a blend of several",
    response_class=Response,
    responses={200: PICTURE, **problems(400, 404, 413, 415, 422, 429, 503, 504)},
)
async def stylize(
    form: Annotated[PhotoForm, Depends(get_photo_form)],
    style: Annotated[
        list[str],
        Form(
            min_length=1,
            max_length=MOST_BLENDED,
            description="A style id; repeat it to blend",
            examples=[["van-gogh-starry-night", "hokusai-great-wave"]],
        ),
    ],
    weight: Annotated[
        list[float] | None,
        Form(
            description="One number per style, at least 0, with sum 1 (± 0.001). "
            "With two styles, a single one is that of the first. None: equal shares",
            examples=[[0.3]],
        ),
    ] = None,
) -> Response:
    weights = assign_weights(style, weight)

    def write(paintings: Sequence[Picture], format: Format) -> tuple[bytes, str]:
        return images.encode(paintings[0], format, quality=form.quality), f"image/{format}"

    return await form.answer([weights], write, {"X-Style-Weights": json.dumps(weights)})


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
