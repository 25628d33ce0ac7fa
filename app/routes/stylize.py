"""A photo in, the same photo painted out."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, File, Form, Header, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError

from impasto.app.dependencies import (
    Allowance,
    get_allowance,
    get_animator,
    get_catalogue,
    get_painter,
    get_predictions,
    get_results,
)
from impasto.app.http.disconnect import unless_disconnected
from impasto.app.http.openapi import NOT_MODIFIED, pictures, problems
from impasto.app.painting.animator import Animator
from impasto.app.painting.answer import HEADERS, MOVING, PICTURES, answer
from impasto.app.painting.painter import Painter
from impasto.app.painting.photo_form import PhotoForm, get_photo_form
from impasto.app.painting.predictions import Predictions
from impasto.app.painting.region_form import RegionForm, get_region_form
from impasto.app.painting.results import Results
from impasto.app.painting.weights import Weights, assign_weights
from impasto.app.styles.catalogue import Catalogue
from impasto.model.errors import InvalidValue
from impasto.model.painting.region_recipe import check_length, drawn, looks
from impasto.model.painting.regions import Look, Regions, strokes_of
from impasto.model.styles.blend import MOST_BLENDED, InvalidWeights
from impasto.model.styles.guest import PAINTING, is_invited, letters, to_text, welcome
from impasto.model.styles.style import LONGEST_ID
from impasto.model.styles.table import StyleTable

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
    openapi_extra=pictures("image", "mask", "painting"),
)
async def stylize(
    request: Request,
    form: Annotated[PhotoForm, Depends(get_photo_form)],
    regions: Annotated[RegionForm, Depends(get_region_form)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    painter: Annotated[Painter, Depends(get_painter)],
    animator: Annotated[Animator, Depends(get_animator)],
    results: Annotated[Results, Depends(get_results)],
    predictions: Annotated[Predictions, Depends(get_predictions)],
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
    painting: Annotated[
        UploadFile | None,
        File(
            description="A painting whose style is told at a glance, used for this picture and not kept. It is the "
            "style `painting`, the last of the blend unless `style` or a region names it. Or its vector, from a recipe"
        ),
    ] = None,
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
    if painting and not (painting.size or painting.filename):  # as browsers send a field that is left empty
        painting = None
    options, recipes = form.options, regions.recipes
    named = style or []
    if painting and not is_invited([named, *(recipe.weights for recipe in recipes)]):
        named = [*named, PAINTING]
    if not named and not recipes:
        raise RequestValidationError(
            [{"type": "missing", "loc": ("body", "style"), "msg": "name a style, or give a painting or a region"}]
        )
    if painting and form.network == "small":
        raise InvalidValue("painting: what is told of it is for the large network; leave `network` out")
    if len(named) > MOST_BLENDED:
        raise InvalidWeights(f"{len(named)} styles, the painting among them; at most {MOST_BLENDED} are blended")
    weights = assign_weights(named, weight) if named else {}
    source = catalogue.of(form.network)

    def looked(styles: StyleTable) -> list[Look]:
        """How each region is painted, and last the rest, if it is."""
        own = looks(recipes, styles, options)
        return [*own, Look.of(styles.blend(weights), options)] if weights else own

    if painting:
        check_length(recipes, letters(source.network.style_size))
    everything = looked(welcome(source.styles) if painting else source.styles)
    vectors = [look.style_vector for look in everything]
    async with unless_disconnected(request):
        with painter.place(allowance.client) as place:
            photo, masks = await form.image.read(), await regions.read()
            given = await painting.read() if painting else b""
            seen = await predictions.pixels(given) if painting else 0
            moving = await animator.open(photo) if frames == "all" else None
            if moving and (recipes or options.photorealistic):
                raise InvalidValue("frames: all of them are painted in one blend, without regions or photorealistic")
            recipe = form.recipe_of_file, regions.recipe_of_file, weights, moving and form.moving_format(moving.format)
            tag = await results.tag(photo, vectors, *recipe, masks=masks, reference=given)
            if known := results.known(tag, if_none_match):
                return known
            told: str | None = None

            async def charge(pixels: int) -> None:
                """Of the painting too, which is looked at now that there is room. 0: the photo will be refused."""
                nonlocal told
                await allowance.take(pixels + seen if pixels else 0)
                if painting and pixels:
                    vector = await predictions.vector(given)
                    told = to_text(vector)
                    everything[:] = looked(welcome(source.styles, vector))
                    vectors[:] = [look.style_vector for look in everything]

            if moving:
                painting_all = animator.paint(moving, lambda: vectors[0], options, place=place, charge=charge)
            elif recipes:

                def placed(size: tuple[int, int]) -> Regions:
                    own, rest = everything[: len(recipes)], everything[len(recipes) :]
                    return drawn(
                        size, recipes, own, rest[0] if rest else None, masks=masks, statistics=regions.statistics
                    )

                pixels = await asyncio.to_thread(regions.pixels, masks)
                strokes = strokes_of(everything)
                painting_all = painter.paint_regions(
                    photo, placed, strokes, options, masks=pixels, place=place, charge=charge
                )
            else:
                painting_all = painter.paint(photo, vectors, options, place=place, charge=charge)
            paintings = await painting_all

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
                    guest=told,
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
