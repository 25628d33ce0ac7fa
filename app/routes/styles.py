"""The styles that can be painted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response

from app.dependencies import get_painter, get_previews
from app.etag import entity_tag
from app.painter import Painter
from app.previews import Previews
from app.schemas import StyleInfo, StyleList, problems
from model.styles import Style
from model.stylizer import Stylizer

router = APIRouter(prefix="/v1/styles", tags=["styles"])

JPEG: dict[str, Any] = {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("", summary="All styles", responses=problems(503))
async def list_styles(painter: Annotated[Painter, Depends(get_painter)]) -> StyleList:
    stylizer = painter.stylizer
    return StyleList(styles=[_info(style, stylizer) for style in stylizer.styles.styles])


@router.get("/{style_id}", summary="One style", responses=problems(404, 422, 503))
async def get_style(style_id: str, painter: Annotated[Painter, Depends(get_painter)]) -> StyleInfo:
    return _info(painter.stylizer.styles[style_id], painter.stylizer)


@router.get(
    "/{style_id}/preview",
    summary="A photo of a cat, painted in the style",
    response_class=Response,
    responses={200: JPEG, 304: {"description": "Not modified"}, **problems(404, 422, 503, 504)},
)
async def preview(
    style_id: str,
    previews: Annotated[Previews, Depends(get_previews)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    picture = await previews.get(style_id)
    headers = {"ETag": entity_tag(picture), "Cache-Control": "max-age=3600"}
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/jpeg", headers=headers)


def _info(style: Style, stylizer: Stylizer) -> StyleInfo:
    return StyleInfo(
        id=style.id,
        title=style.title,
        artist=style.artist,
        year=style.year,
        licence=style.licence,
        origin="built-in",
        losses=stylizer.training.get("style_losses", {}).get(style.id, {}),
        created=None,
    )
