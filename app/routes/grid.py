"""One photo in, painted in many blends at once: as one contact sheet, or as a zip of pictures."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Response

from impasto.app.dependencies import get_batcher
from impasto.app.painting.batcher import Batcher
from impasto.app.painting.photo_form import PhotoForm, get_photo_form
from impasto.app.routes.stylize import HEADERS, PICTURE, assign_weights
from impasto.app.schemas import BINARY, problems
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.images import Format, Picture
from impasto.model.styles.blend import MOST_BLENDED, InvalidWeights
from impasto.model.styles.style import LONGEST_ID, SLUG
from impasto.model.styles.table import StyleTable

router = APIRouter(prefix="/v1", tags=["stylize"])

MOST_BLENDS = 16
"""Blends in one grid."""
LONGEST_BLEND = MOST_BLENDED * (LONGEST_ID + 24)
"""Letters of a blend's text."""
NUMBER = re.compile(r"[0-9]*\.?[0-9]+(e-?[0-9]+)?", re.IGNORECASE)
"""Stricter than `float`, which takes nan, 1_0 and blanks."""
GRID: dict[str, Any] = {
    "description": "The contact sheet, or the zip",
    "content": {**PICTURE["content"], "application/zip": BINARY},
    "headers": HEADERS,
}


@router.post(
    "/stylize/grid",
    summary="Paint a photo in many blends at once",
    response_class=Response,
    responses={200: GRID, **problems(400, 404, 413, 415, 422, 429, 503, 504)},
)
async def grid(
    form: Annotated[PhotoForm, Depends(get_photo_form)],
    batcher: Annotated[Batcher, Depends(get_batcher)],
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
) -> Response:
    blends = [parse_blend(text, position) for position, text in enumerate(blend, start=1)]
    styles = batcher.stylizer.styles

    def write(paintings: Sequence[Picture], format: Format) -> tuple[bytes, str]:
        if output == "zip":
            return zipped([images.encode(each, format, quality=form.quality) for each in paintings], format)
        cells = [
            (caption(each, styles), painted.on_white().rgb) for each, painted in zip(blends, paintings, strict=True)
        ]
        widest = columns or math.ceil(math.sqrt(len(cells)))
        sheet = images.to_tensor(contact_sheet(cells, columns=min(widest, len(cells))))
        written = images.encode(Picture(sheet, credit=paintings[0].credit), format, quality=form.quality)
        return written, f"image/{format}"

    return await form.answer(blends, write)


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


def caption(blend: Mapping[str, float], styles: StyleTable) -> str:
    """What stands under a picture of the sheet: 30 % The Starry Night, 70 % The Great Wave."""
    return ", ".join(f"{weight:.0%} {styles[style_id].title}" for style_id, weight in blend.items() if weight)


def zipped(files: Sequence[bytes], format: Format) -> tuple[bytes, str]:
    """A zip of pictures, 01.jpg, 02.jpg, ...: equal for equal pictures, stored as they are since they do not shrink."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as archive:
        for number, data in enumerate(files, start=1):
            archive.writestr(zipfile.ZipInfo(f"{number:02}.{'jpg' if format == 'jpeg' else format}"), data)
    return result.getvalue(), "application/zip"
