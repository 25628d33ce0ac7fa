"""How the OpenAPI document describes what is no JSON: files, and problems."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from impasto.app.http.problem import PROBLEM_JSON
from impasto.model.pictures.formats import readable_formats

BINARY = {"schema": {"type": "string", "format": "binary"}}
JPEG: dict[str, Any] = {"content": {"image/jpeg": BINARY}}
"""The OpenAPI description of a route that answers a picture."""


def pictures(*fields: str) -> dict[str, Any]:
    """What the OpenAPI description of a route says more of fields of its form: that they are pictures, and which."""
    types = ", ".join(f"image/{name}" for name in readable_formats())
    encoding = {field: {"contentType": types} for field in fields}
    return {"requestBody": {"content": {"multipart/form-data": {"encoding": encoding}}}}


class Problem(BaseModel):
    """RFC 9457 problem details, as application/problem+json. Some have further members."""

    model_config = ConfigDict(extra="allow")

    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(description="Stable, for programs.", examples=["unknown_style"])
    detail: str = Field(description="For people.", examples=["unknown style 'van-gohg'; did you mean van-gogh-…?"])
    request_id: str


NOT_MODIFIED: dict[str, Any] = {"description": "The client has it already, as its `If-None-Match` says"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a route's errors."""
    content = {PROBLEM_JSON: {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
