"""What routes need, handed to them by FastAPI."""

from __future__ import annotations

from fastapi import Request

from app.errors import NotReady
from app.painter import Painter
from app.previews import Previews
from app.settings import Settings


def get_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def get_painter(request: Request) -> Painter:
    """Raises NotReady before the network is loaded and while the service shuts down."""
    painter: Painter | None = request.app.state.painter
    if painter is None:
        raise NotReady("the network is being loaded, or the service is shutting down; try again in a moment")
    return painter


def get_previews(request: Request) -> Previews:
    previews: Previews = request.app.state.previews
    return previews
