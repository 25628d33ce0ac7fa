"""A photo and another picture in, the photo out, in the colours and the light of the other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Header, Request, Response, UploadFile

from impasto.app.dependencies import Allowance, get_allowance, get_painter, get_results
from impasto.app.http.disconnect import unless_disconnected
from impasto.app.http.openapi import NOT_MODIFIED, pictures, problems
from impasto.app.painting.answer import HEADERS, PICTURES, answer
from impasto.app.painting.painter import Painter
from impasto.app.painting.photo_form import PhotoForm, get_plain_form
from impasto.app.painting.region_form import RegionForm, get_plain_regions
from impasto.app.painting.results import Results
from impasto.model.painting.likeness import LIKE, Reference, likenesses, with_palettes
from impasto.model.painting.region_recipe import drawn
from impasto.model.painting.regions import Look, Regions

router = APIRouter(prefix="/v1", tags=["stylize"])

PICTURE: dict[str, Any] = {
    "description": "The photo, as it was but for its colours and its light",
    "content": PICTURES,
    "headers": {name: told for name, told in HEADERS.items() if name != "X-Model-Version"},
}


@router.post(
    "/stylize/like",
    summary="Give a photo the colours and the light of another picture",
    response_class=Response,
    responses={200: PICTURE, 304: NOT_MODIFIED, **problems(400, 408, 413, 415, 422, 429, 503, 504)},
    openapi_extra=pictures("image", LIKE, "mask"),
)
async def match(
    request: Request,
    form: Annotated[PhotoForm, Depends(get_plain_form)],
    regions: Annotated[RegionForm, Depends(get_plain_regions)],
    painter: Annotated[Painter, Depends(get_painter)],
    results: Annotated[Results, Depends(get_results)],
    allowance: Annotated[Allowance, Depends(get_allowance)],
    like: Annotated[
        UploadFile,
        File(
            description="The other picture, of any format that photos have: looked at, not kept. Or a recipe's palette"
        ),
    ],
    if_none_match: Annotated[str | None, Header()] = None,
    cache_control: Annotated[str | None, Header()] = None,
) -> Response:
    options, recipes = replace(form.options, photorealistic=True), regions.recipes
    form = replace(form, options=options)
    async with unless_disconnected(request):
        with painter.place(allowance.client) as place:
            photo, other, masks = await form.image.read(), await like.read(), await regions.read()
            tag = await results.tag(photo, [], LIKE, form.recipe_of_file, recipes, masks=masks, reference=other)
            if known := results.known(tag, if_none_match):
                return known

            own: list[Look] = []

            def look(reference: Reference, size: tuple[int, int]) -> Look | Regions:
                rest = Look.of(reference.palette, options)
                own.extend(likenesses(recipes, reference, options, masks))
                return drawn(size, recipes, own, rest, masks=masks) if recipes else rest

            pixels = await asyncio.to_thread(regions.pixels, masks)
            paintings, reference = await painter.match(
                photo, other, look, options, masks=pixels, place=place, charge=allowance.take
            )

            def encode() -> Response:
                (painted,) = paintings.pictures
                taken = with_palettes(recipes, own)
                file = form.encode(painted, {}, None, like=reference.palette.tolist(), regions=taken, masks=masks)
                return answer(file, f"image/{form.format_of(painted)}", paintings, None, allowance.headers)

            return results.keep(tag, await painter.encode(paintings, encode), cache_control)
