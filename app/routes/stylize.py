"""A photo in, the same photo painted out."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Header, Request, Response
from fastapi.exceptions import RequestValidationError

from impasto.app.dependencies import (
    Allowance,
    get_allowance,
    get_animator,
    get_catalogue,
    get_painter,
    get_results,
)
from impasto.app.http.disconnect import unless_disconnected
from impasto.app.http.openapi import NOT_MODIFIED, pictures, problems
from impasto.app.painting.animator import Animator
from impasto.app.painting.answer import HEADERS, MOVING, PICTURES, answer
from impasto.app.painting.painter import Painter
from impasto.app.painting.photo_form import PhotoForm, get_photo_form
from impasto.app.painting.region_form import RegionForm, get_region_form
from impasto.app.painting.results import Results
from impasto.app.painting.weights import Weights, assign_weights
from impasto.app.styles.catalogue import Catalogue
from impasto.model.errors import InvalidValue
from impasto.model.painting.region_recipe import drawn, looks
from impasto.model.painting.regions import Look, Regions, strokes_of
from impasto.model.styles.blend import MOST_BLENDED
from impasto.model.styles.style import LONGEST_ID

router = APIRouter(prefix="/v1", tags=["stylize"])

PICTURE: dict[str, Any] = {
    "description": "The painted picture",
    "content": PICTURES | MOVING,
    "headers": {
        "X-Style-Weights": {
            "description": "The weights as applied, a JSON object of style ids; without those of regions",
            "schema": {"type": "string"},
        },
        **HEADERS,
    },
}


@router.post(
    "/stylize",
    summary="Paint a photo in one style, in a blend of several, or in others here and there",
    response_class=Response,
    responses={200: PICTURE, 304: NOT_MODIFIED, **problems(400, 403, 404, 408, 413, 415, 422, 429, 503, 504)},
    openapi_extra=pictures("image", "mask"),
)
async def stylize(
    request: Request,
    form: Annotated[PhotoForm, Depends(get_photo_form)],
    regions: Annotated[RegionForm, Depends(get_region_form)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    painter: Annotated[Painter, Depends(get_painter)],
    animator: Annotated[Animator, Depends(get_animator)],
    results: Annotated[Results, Depends(get_results)],
    allowance: Annotated[Allowance, Depends(get_allowance)],
    style: Annotated[
        list[Annotated[str, Form(max_length=LONGEST_ID)]] | None,
        Form(
            max_length=MOST_BLENDED,
            description="A style id; repeat it to blend. None: what no region covers stays the photo",
            examples=[["van-gogh-starry-night", "hokusai-great-wave"]],
        ),
    ] = None,
    weight: Weights = None,
    frames: Annotated[
        Literal["first", "all"],
        Form(
            description="all: of a GIF, WebP, PNG or AVIF that moves, every frame, as far as you can wait for it; "
            "POST /v1/videos paints what is longer"
        ),
    ] = "first",
    if_none_match: Annotated[str | None, Header()] = None,
    cache_control: Annotated[str | None, Header()] = None,
) -> Response:
    if not style and not regions.recipes:
        raise RequestValidationError(
            [{"type": "missing", "loc": ("body", "style"), "msg": "name a style, or give a region"}]
        )
    weights = assign_weights(style, weight) if style else {}
    options, recipes = form.options, regions.recipes
    source = catalogue.of(form.network)
    own = looks(recipes, source.styles, options)
    rest = Look.of(source.styles.blend(weights), options) if weights else None
    everything = [*own, *([rest] if rest else [])]
    async with unless_disconnected(request):
        with painter.place(allowance.client) as place:
            photo, masks = await form.image.read(), await regions.read()
            moving = await animator.open(photo) if frames == "all" else None
            if moving and (recipes or options.photorealistic):
                raise InvalidValue("frames: all of them are painted in one blend, without regions or photorealistic")
            vectors = [look.style_vector for look in everything]
            recipe = form.recipe_of_file, regions.recipe_of_file, weights, moving and form.moving_format(moving.format)
            tag = await results.tag(photo, vectors, *recipe, masks=masks)
            if known := results.known(tag, if_none_match):
                return known
            if moving:
                painting = animator.paint(moving, vectors[0], options, place=place, charge=allowance.take)
            elif recipes:

                def placed(size: tuple[int, int]) -> Regions:
                    return drawn(size, recipes, own, rest, masks=masks, statistics=regions.statistics)

                pixels = await asyncio.to_thread(regions.pixels, masks)
                strokes = strokes_of(everything)
                painting = painter.paint_regions(
                    photo, placed, strokes, options, masks=pixels, place=place, charge=allowance.take
                )
            else:
                painting = painter.paint(photo, vectors, options, place=place, charge=allowance.take)
            paintings = await painting

            def written() -> tuple[bytes, str]:
                """The file, and its format."""
                if moving:
                    moved = form.moving_format(moving.format)
                    return animator.encode(paintings, moving, moved, form.quality), moved
                (painted,) = paintings.pictures
                file = form.encode(
                    painted,
                    weights,
                    source.network_id,
                    regions=recipes,
                    masks=masks,
                    statistics=regions.statistics,
                )
                return file, form.format_of(painted)

            def encode() -> Response:
                file, kind = written()
                headers = {"X-Style-Weights": json.dumps(weights), **allowance.headers}
                return answer(file, f"image/{kind}", paintings, source.network_id, headers)

            return results.keep(tag, await painter.encode(paintings, encode), cache_control)
