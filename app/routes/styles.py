"""The styles that can be painted: shown, exported, imported, edited and removed."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Response

from impasto.app.dependencies import get_catalogue
from impasto.app.http.etag import unless_had
from impasto.app.http.openapi import BINARY, JPEG, NOT_MODIFIED, problems
from impasto.app.schemas import StyleEdit, StyleInfo, StyleList
from impasto.app.styles.catalogue import AddedStyle, Catalogue
from impasto.app.styles.store import StyleExists
from impasto.model.styles.pack import StylePack
from impasto.model.styles.style import Style

router = APIRouter(prefix="/v1/styles", tags=["styles"])

PACK: dict[str, Any] = {"content": {"application/octet-stream": BINARY}}


@router.get("", summary="All styles", responses=problems(503))
async def list_styles(catalogue: Annotated[Catalogue, Depends(get_catalogue)]) -> StyleList:
    return StyleList(styles=[_info(style, catalogue) for style in catalogue.styles.styles])


@router.get("/{style_id}", summary="One style", responses=problems(404, 422, 503))
async def get_style(style_id: str, catalogue: Annotated[Catalogue, Depends(get_catalogue)]) -> StyleInfo:
    return _info(catalogue.styles[style_id], catalogue)


@router.get(
    "/{style_id}/preview",
    summary="A photo of a cat, painted in the style",
    response_class=Response,
    responses={200: JPEG, 304: NOT_MODIFIED, **problems(404, 422, 429, 503, 504)},
)
async def preview(
    style_id: str,
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    picture = await catalogue.preview(style_id)
    return unless_had(picture, "image/jpeg", if_none_match, {"Cache-Control": "max-age=3600"})


@router.get(
    "/{style_id}/pack",
    summary="The style as a file, to import elsewhere",
    response_class=Response,
    responses={200: PACK, **problems(404, 422, 429, 503, 504)},
)
async def export_pack(style_id: str, catalogue: Annotated[Catalogue, Depends(get_catalogue)]) -> Response:
    pack = await catalogue.pack(style_id)
    return Response(
        pack.to_bytes(),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{style_id}.safetensors"'},
    )


@router.put(
    "/{style_id}/pack",
    summary="Add the style of a file, under an id of your choice",
    status_code=201,
    responses={200: {"description": "It was there already"}, **problems(400, 408, 409, 413, 422, 429, 503, 504)},
)
async def import_pack(
    style_id: str,
    data: Annotated[bytes, Body(media_type="application/octet-stream")],
    response: Response,
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
) -> StyleInfo:
    pack = catalogue.read(data)
    pack = replace(pack, style=replace(pack.style, id=style_id))
    try:
        return _info(pack.style, catalogue, await catalogue.add(pack))
    except StyleExists:
        if not await _is_there(pack, catalogue):
            raise
        response.status_code = 200
        return _info(pack.style, catalogue)


@router.patch(
    "/{style_id}",
    summary="Change what is known of an added style",
    responses=problems(400, 403, 404, 408, 409, 413, 422, 503),
)
async def edit_style(
    style_id: str,
    edit: StyleEdit,
    catalogue: Annotated[Catalogue, Depends(get_catalogue)],
) -> StyleInfo:
    edited = await catalogue.edit(style_id, edit.model_dump(exclude_none=True))
    return _info(edited.pack.style, catalogue, edited)


@router.delete("/{style_id}", summary="Remove an added style", status_code=204, responses=problems(403, 404, 422, 503))
async def remove_style(style_id: str, catalogue: Annotated[Catalogue, Depends(get_catalogue)]) -> None:
    await catalogue.remove(style_id)


async def _is_there(pack: StylePack, catalogue: Catalogue) -> bool:
    """Whether a style that exists is the one of a pack, so that importing it again changes nothing."""
    there = await catalogue.pack(pack.style.id)
    return there.style == pack.style and bool((there.vector == pack.vector).all())


def _info(style: Style, catalogue: Catalogue, added: AddedStyle | None = None) -> StyleInfo:
    """What is shown of a style. added: as it was just written, which the catalogue may not have seen yet."""
    added = added or catalogue.added(style.id)
    return StyleInfo(
        **asdict(style),
        origin="added" if added else "built-in",
        networks=catalogue.networks(style.id, added),
        losses=dict(added.pack.fit.losses) if added else catalogue.losses(style.id),
        verdict=added.pack.fit.grade if added else None,
        created=added.created.isoformat() if added else None,
    )
