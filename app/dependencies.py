"""What routes need, handed to them by FastAPI."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request

from app.catalogue import Catalogue
from app.errors import NotReady
from app.painter import Painter
from app.previews import Previews
from app.settings import Settings

T = TypeVar("T")


def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def get_painter(request: Request) -> Painter:
    """Raises NotReady while the application is not started."""
    painter: Painter | None = request.app.state.painter
    return _started(painter)


def get_previews(request: Request) -> Previews:
    """Raises NotReady as `get_painter` does."""
    previews: Previews | None = request.app.state.previews
    return _started(previews)


def get_catalogue(request: Request) -> Catalogue:
    """Raises NotReady as `get_painter` does."""
    catalogue: Catalogue | None = request.app.state.catalogue
    return _started(catalogue)


def _started(part: T | None) -> T:
    if part is None:
        raise NotReady("the service is starting or shutting down; try again in a moment")
    return part
