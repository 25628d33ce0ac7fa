"""The network and its styles, for whoever paints without the service."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response

from impasto.app.dependencies import get_exports
from impasto.app.http.etag import has_already, unless_had
from impasto.app.http.openapi import BINARY, NOT_MODIFIED, problems
from impasto.app.styles.exports import Exports

router = APIRouter(prefix="/v1/networks", tags=["networks"])

ONNX: dict[str, Any] = {"content": {"application/octet-stream": BINARY}}
STYLES: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "object"}}}}
FOR_EVER = "max-age=31536000, immutable"
"""Whatever version writes the file of a network, it paints the same."""


@router.get(
    "/{network_id}.onnx",
    summary="The network as an ONNX file",
    response_class=Response,
    responses={200: ONNX, 304: NOT_MODIFIED, **problems(404, 422, 503)},
)
async def network(
    network_id: str,
    exports: Annotated[Exports, Depends(get_exports)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    file = await exports.network(network_id)
    headers = {"ETag": f'"{network_id}"', "Cache-Control": FOR_EVER}
    if has_already(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(file, media_type="application/octet-stream", headers=headers)


@router.get(
    "/{network_id}/styles",
    summary="All styles with their vectors, to be blended elsewhere",
    response_class=Response,
    responses={200: STYLES, 304: NOT_MODIFIED, **problems(404, 422, 503)},
)
async def styles(
    network_id: str,
    exports: Annotated[Exports, Depends(get_exports)],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    return unless_had(await exports.styles(network_id), "application/json", if_none_match)
