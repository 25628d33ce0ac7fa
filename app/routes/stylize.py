"""A photo in, the same photo painted out."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Header, Request, Response
from pydantic import BeforeValidator

from impasto.app.dependencies import Allowance, get_allowance, get_catalogue, get_painter, get_results
from impasto.app.http.disconnect import unless_disconnected
from impasto.app.http.openapi import NOT_MODIFIED, pictures, problems
from impasto.app.painting.answer import HEADERS, PICTURES, answer
from impasto.app.painting.painter import Painter
from impasto.app.painting.photo_form import PhotoForm, get_photo_form
from impasto.app.painting.results import Results
from impasto.app.painting.weights import assign_weights, given
from impasto.app.styles.catalogue import Catalogue
from impasto.model.styles.blend import MOST_BLENDED
from impasto.model.styles.style import LONGEST_ID

router = APIRouter(prefix="/v1", tags=["stylize"])

PICTURE: dict[str, Any] = {
    "description": "The painted picture",
    "content": PICTURES,
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
    responses={200: PICTURE, 304: NOT_MODIFIED, **problems(400, 404, 408, 413, 415, 422, 429, 503, 504)},
    openapi_extra=pictures("image"),
)
async def stylize(
    request: Request,
    form: Annotated[PhotoForm, Depends(get_photo_form)],
    style: Annotated[
        list[Annotated[str, Form(max_length=LONGEST_ID)]],
        Form(
            min_length=1,
            max_length=MOST_BLENDED,
            description="A style id; repeat it to blend",
            examples=[["van-gogh-starry-night", "hokusai-great-wave"]],
        ),
    ],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    painter: Annotated[Painter, Depends(get_painter)],
    results: Annotated[Results, Depends(get_results)],
    allowance: Annotated[Allowance, Depends(get_allowance)],
    weight: Annotated[
        list[float] | None,
        BeforeValidator(given),
        Form(
            description="One number per style, at least 0, with sum 1 (± 0.001). "
            "With two styles, a single one is that of the first. None: equal shares",
            examples=[[0.3]],
        ),
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    weights = assign_weights(style, weight)
    vector = catalogue.styles.blend(weights)
    async with unless_disconnected(request):
        with painter.place(allowance.client) as place:
            photo = await form.image.read()
            tag = await results.tag(photo, [vector], form.recipe_of_file, weights)
            if known := results.known(tag, if_none_match):
                return known
            paintings = await painter.paint(photo, [vector], form.options, place=place, charge=allowance.take)

            def encode() -> Response:
                (painting,) = paintings.pictures
                file = form.encode(painting, weights, catalogue.network_id)
                headers = {"X-Style-Weights": json.dumps(weights), **allowance.headers}
                return answer(file, f"image/{form.format_of(painting)}", paintings, catalogue.network_id, headers)

            return results.keep(tag, await painter.encode(paintings, encode))
