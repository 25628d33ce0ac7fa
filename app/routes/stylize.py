"""A photo in, the same photo painted out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, File, Form, Header, Request, Response, UploadFile

from app.batcher import Batcher
from app.dependencies import get_batcher, get_settings
from app.disconnect import ClientDisconnected, unless_disconnected
from app.errors import InvalidRequest
from app.etag import entity_tag
from app.negotiation import preferred_format
from app.schemas import problems
from app.settings import Settings
from model import images
from model.images import Format, Picture
from model.network import SMALLEST_SIDE
from model.styles import MOST_BLENDED, InvalidWeights, convex
from model.stylizer import check_size, finish

router = APIRouter(prefix="/v1", tags=["stylize"])

PICTURE: dict[str, Any] = {
    "description": "The painted picture",
    "content": {f"image/{name}": {"schema": {"type": "string", "format": "binary"}} for name in get_args(Format)},
    "headers": {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in {
            "X-Style-Weights": "The weights as applied, a JSON object of style ids",
            "X-Model-Version": "The id of the network",
            "X-Request-Id": "To find this request in the log",
            "Server-Timing": "Milliseconds in decode, queue, inference, encode",
            "ETag": "Equal for equal pictures",
        }.items()
    },
}


@router.post(
    "/stylize",
    summary="Paint a photo in one style or in a blend of several",
    response_class=Response,
    responses={200: PICTURE, **problems(400, 404, 413, 415, 422, 429, 503, 504)},
)
async def stylize(
    request: Request,
    image: Annotated[UploadFile, File(description="The photo: JPEG, PNG, WebP, AVIF, or GIF/TIFF (first frame)")],
    style: Annotated[
        list[str],
        Form(
            min_length=1,
            max_length=MOST_BLENDED,
            description="A style id; repeat it to blend",
            examples=[["van-gogh-starry-night", "hokusai-great-wave"]],
        ),
    ],
    batcher: Annotated[Batcher, Depends(get_batcher)],
    settings: Annotated[Settings, Depends(get_settings)],
    weight: Annotated[
        list[float] | None,
        Form(
            description="One number per style, at least 0, with sum 1 (± 0.001). "
            "With two styles, a single one is that of the first. None: equal shares",
            examples=[[0.3]],
        ),
    ] = None,
    strength: Annotated[float, Form(ge=0, le=1, description="1 is the painting, 0 is the photo")] = 1.0,
    preserve_color: Annotated[bool, Form(description="Keep the photo's colours")] = False,
    size: Annotated[
        int | None,
        Form(ge=SMALLEST_SIDE, description="Longest side of the result in pixels. None: the photo's own, if allowed"),
    ] = None,
    format: Annotated[Format | None, Form(description="None: by Accept, else as uploaded")] = None,
    quality: Annotated[int, Form(ge=1, le=100, description="Of JPEG and WebP")] = 90,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Response:
    if size is not None and size > settings.max_size:
        raise InvalidRequest(f"size: results have at most {settings.max_size} pixels on their longest side")
    weights = assign_weights(style, weight)
    vector = batcher.stylizer.styles.blend(weights)

    async def work() -> Response:
        with batcher.place():
            started = time.perf_counter()
            decode = partial(
                images.decode, max_pixels=settings.max_pixels, longest_side=size, at_most=settings.max_size
            )
            data = await image.read()
            photo = await batcher.code(lambda: decode(data))
            check_size(photo)
            decoded = time.perf_counter()
            painted = await batcher.paint(photo.rgb, vector)
            chosen = format or preferred_format(accept, photo.format)
            encoding = time.perf_counter()
            body, etag = await batcher.code(
                lambda: encode_with_etag(
                    finish(photo, painted.rgb, strength=strength, preserve_color=preserve_color), chosen, quality
                )
            )
            encode = time.perf_counter() - encoding
        timing = {
            "decode": decoded - started,
            "queue": painted.queue,
            "inference": painted.inference,
            "encode": encode,
        }
        return Response(
            body,
            media_type=f"image/{chosen}",
            headers={
                "X-Style-Weights": json.dumps(weights),
                "X-Model-Version": batcher.stylizer.network_id,
                "Server-Timing": ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in timing.items()),
                "ETag": etag,
                "Vary": "Accept",
            },
        )

    try:
        return await unless_disconnected(request, work())
    except ClientDisconnected:
        return Response(status_code=499)


def encode_with_etag(picture: Picture, format: Format, quality: int) -> tuple[bytes, str]:
    """The file of a picture, and its entity tag."""
    body = images.encode(picture, format, quality=quality)
    return body, entity_tag(body)


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
