"""The application: every part put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import errors
from app.catalogue import Catalogue
from app.limits import BodyLimit
from app.painter import Painter
from app.previews import Previews
from app.routes import health, styles, stylize
from app.settings import Settings
from app.store import StyleStore
from app.telemetry import RequestLog
from app.version import VERSION
from model.stylizer import Stylizer

DESCRIPTION = """\
One neural network that paints photos in many styles, and in any blend of them.

    curl -F image=@photo.jpg -F style=van-gogh-starry-night -F style=hokusai-great-wave -F weight=0.3 \\
         localhost:8000/v1/stylize -o out.jpg
"""


def create_app(settings: Settings | None = None, stylizer: Stylizer | None = None) -> FastAPI:
    """The service.

    stylizer: default is one as the settings say, loaded when the service starts, which then raises
        FileNotFoundError, CheckpointError, DeviceUnavailable.
    """
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        served = stylizer or load_stylizer(settings)
        painter = Painter(served, queue_size=settings.queue_size, deadline=settings.deadline)
        previews = Previews(painter)
        store = StyleStore(settings.database, served.network_id)
        catalogue = Catalogue(painter, previews, store)
        app.state.painter, app.state.previews, app.state.catalogue = painter, previews, catalogue
        watching = asyncio.create_task(catalogue.watch())
        yield
        app.state.painter, app.state.previews, app.state.catalogue = None, None, None
        watching.cancel()
        painter.close()
        store.close()

    app = FastAPI(title="Impasto", version=VERSION, description=DESCRIPTION, lifespan=lifespan)
    app.state.settings = settings
    app.state.painter, app.state.previews, app.state.catalogue = None, None, None
    errors.install(app)
    for resource in (stylize, styles, health):
        app.include_router(resource.router)
    app.add_middleware(BodyLimit, limit=settings.max_upload_bytes)
    app.add_middleware(RequestLog)
    return app


def load_stylizer(settings: Settings) -> Stylizer:
    """The network to serve. Raises FileNotFoundError, CheckpointError, DeviceUnavailable."""
    return Stylizer.load(settings.checkpoint, device=settings.device, precision=settings.precision)
