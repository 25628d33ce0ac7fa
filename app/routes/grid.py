"""One photo in, painted in many blends at once: as one contact sheet, or as a zip of pictures."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Header, Request, Response

from impasto.app.dependencies import Allowance, get_allowance, get_catalogue, get_painter, get_results
from impasto.app.http.disconnect import unless_disconnected
from impasto.app.http.openapi import BINARY, NOT_MODIFIED, pictures, problems
from impasto.app.painting.answer import HEADERS, PICTURES, answer
from impasto.app.painting.painter import Painter
from impasto.app.painting.photo_form import PhotoForm, get_photo_form
from impasto.app.painting.results import Results
from impasto.app.painting.weights import LONGEST_BLEND, MOST_BLENDS, parse_blend
from impasto.app.styles.catalogue import Catalogue
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet, drawable
from impasto.model.pictures.picture import Format, Picture, to_tensor
from impasto.model.styles.table import StyleTable

router = APIRouter(prefix="/v1", tags=["stylize"])

GRID: dict[str, Any] = {
    "description": "The contact sheet, or the zip",
    "content": {**PICTURES, "application/zip": BINARY},
    "headers": HEADERS,
}


@router.post(
    "/stylize/grid",
    summary="Paint a photo in many blends at once",
    response_class=Response,
    responses={200: GRID, 304: NOT_MODIFIED, **problems(400, 404, 408, 413, 415, 422, 429, 503, 504)},
    openapi_extra=pictures("image"),
)
async def grid(
    request: Request,
    form: Annotated[PhotoForm, Depends(get_photo_form)],
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    painter: Annotated[Painter, Depends(get_painter)],
    results: Annotated[Results, Depends(get_results)],
    allowance: Annotated[Allowance, Depends(get_allowance)],
    blend: Annotated[
        list[Annotated[str, Form(max_length=LONGEST_BLEND)]],
        Form(
            min_length=1,
            max_length=MOST_BLENDS,
            description="Styles and their weights, as in `van-gogh-starry-night=0.3,hokusai-great-wave=0.7`; "
            "repeat it for every picture of the grid",
            examples=[["van-gogh-starry-night=1", "van-gogh-starry-night=0.5,hokusai-great-wave=0.5"]],
        ),
    ],
    output: Annotated[
        Literal["sheet", "zip"],
        Form(description="sheet: one picture with all of them and their weights; zip: a picture each, 01 to 16"),
    ] = "sheet",
    columns: Annotated[
        int | None, Form(ge=1, le=MOST_BLENDS, description="Of the sheet. None: about as many as rows")
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
    cache_control: Annotated[str | None, Header()] = None,
) -> Response:
    blends = [parse_blend(text, position) for position, text in enumerate(blend, start=1)]
    source = catalogue.of(form.network)
    styles, network_id = source.styles, source.network_id
    vectors = [styles.blend(weights) for weights in blends]
    captions = [caption(weights, styles) for weights in blends]
    async with unless_disconnected(request):
        with painter.place(allowance.client) as place:
            photo = await form.image.read()
            tag = await results.tag(photo, vectors, form.recipe_of_file, blends, captions, output, columns)
            if known := results.known(tag, if_none_match):
                return known
            paintings = await painter.paint(photo, vectors, form.options, place=place, charge=allowance.take)

            def encode() -> Response:
                pictures, told = paintings.pictures, allowance.headers
                format = form.format_of(pictures[0])
                if output == "zip":
                    painted = zip(pictures, blends, strict=True)
                    files = [form.encode(picture, weights, network_id) for picture, weights in painted]
                    return answer(zipped(files, format), "application/zip", paintings, network_id, told)
                sheet = images.encode(sheet_of(captions, pictures, columns), format, quality=form.quality)
                return answer(sheet, f"image/{format}", paintings, network_id, told)

            return results.keep(tag, await painter.encode(paintings, encode), cache_control)


def sheet_of(captions: Sequence[str], pictures: Sequence[Picture], columns: int | None) -> Picture:
    """Pictures with their captions as one. columns: None for about as many as rows."""
    cells = [(text, picture.on_white().rgb) for text, picture in zip(captions, pictures, strict=True)]
    widest = min(columns or math.ceil(math.sqrt(len(cells))), len(cells))
    return replace(Picture.from_rgb(to_tensor(contact_sheet(cells, columns=widest))), credit=pictures[0].credit)


def caption(blend: Mapping[str, float], styles: StyleTable) -> str:
    """What stands under a picture of the sheet: 30 % The Starry Night, 70 % The Great Wave; ids for other scripts."""
    names = {style_id: title if drawable(title := styles[style_id].title) else style_id for style_id in blend}
    return ", ".join(f"{weight:.0%} {names[style_id]}" for style_id, weight in blend.items() if weight)


def zipped(files: Sequence[bytes], format: Format) -> bytes:
    """A zip of pictures, 01.jpg, 02.jpg, ...: equal for equal pictures, stored as they are since they do not shrink."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as archive:
        for number, data in enumerate(files, start=1):
            archive.writestr(zipfile.ZipInfo(f"{number:02}.{'jpg' if format == 'jpeg' else format}"), data)
    return result.getvalue()
