"""The application: every part put together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware

from impasto.app import errors
from impasto.app.access.authentication import DOCUMENTED, Authentication
from impasto.app.access.foreign_pages import ForeignPages
from impasto.app.access.keyring import Keyring
from impasto.app.access.keys import KeyStore
from impasto.app.access.rates import Rates
from impasto.app.http.body_limit import BodyLimit
from impasto.app.http.browser_headers import BrowserHeaders
from impasto.app.http.connection_limit import ConnectionLimit
from impasto.app.http.head import HeadAsGet
from impasto.app.http.openapi import problems
from impasto.app.http.preamble import WithoutPreamble
from impasto.app.http.receive_deadline import ReceiveDeadline
from impasto.app.http.request_log import RequestLog
from impasto.app.http.request_metrics import RequestMetrics
from impasto.app.http.stop import AnswerAtStop
from impasto.app.jobs.collector import JobsCollector
from impasto.app.jobs.jobs import Jobs
from impasto.app.jobs.supervisor import Supervisor
from impasto.app.jobs.video import check_videos
from impasto.app.jobs.video import limits as film_limits
from impasto.app.jobs.video_files import VideoFiles
from impasto.app.metrics import Metrics
from impasto.app.page import WEB, PageFiles
from impasto.app.painting.admission import QueueLimits
from impasto.app.painting.animator import Animator
from impasto.app.painting.batcher import Batcher
from impasto.app.painting.painter import Painter
from impasto.app.painting.predictions import Predictions
from impasto.app.painting.previews import Previews
from impasto.app.painting.region_form import LONGEST_REGION
from impasto.app.painting.results import Results
from impasto.app.routes import (
    exemplars,
    grid,
    health,
    jobs,
    like,
    metrics,
    networks,
    optimizations,
    styles,
    stylize,
    videos,
)
from impasto.app.settings import Settings
from impasto.app.styles.catalogue import Catalogue
from impasto.app.styles.exports import Exports
from impasto.app.styles.store import StyleStore
from impasto.app.tracing import TELEMETRY
from impasto.app.version import VERSION
from impasto.model.network import checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.prediction.file import find as find_predictor

DESCRIPTION = """\
One neural network that paints photos in many styles, and in any blend of them.

    curl -F image=@photo.jpg -F style=van-gogh-starry-night -F style=hokusai-great-wave -F weight=0.3 \\
         localhost:8000/v1/stylize -o out.jpg
"""


def create_app(settings: Settings) -> FastAPI:
    """The service.

    Raises FileNotFoundError, CheckpointError, PredictorError, DeviceUnavailable, NoKeys, PackagesMissing,
    StoreUnavailable.
    """
    check_videos(settings)
    source = checkpoint.load(settings.checkpoint)
    predictor = find_predictor(settings.checkpoint, source)
    stylizer = Stylizer.of(source, device=settings.device, precision=settings.precision)
    keyring = Keyring(KeyStore(settings.database), open=settings.open or settings.on_loopback)
    keyring.begin()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher = Batcher(stylizer, limits(settings, stylizer), measured)
        store = StyleStore(settings.database, source.network_id)
        catalogue = Catalogue(source, Previews(batcher), store)
        work = Jobs(settings.database, source.network_id, queue_size=settings.job_queue_size)
        counted = JobsCollector(work)
        measured.registry.register(counted)
        painter = Painter(batcher, max_pixels=settings.max_pixels, max_size=settings.max_size)
        for each in source.both:
            await painter.warm_up(each.styles.vectors[0])
        app.state.predictions = predictions = Predictions(settings, predictor, batcher, source.network.style_size)
        predictions.prepare()
        app.state.animator = Animator(batcher, film_limits(settings), settings.max_size)
        app.state.painter, app.state.catalogue, app.state.jobs = painter, catalogue, work
        app.state.exports = Exports(lambda: catalogue.of("large"))
        tasks = [asyncio.create_task(catalogue.watch()), asyncio.create_task(keyring.watch())]
        if settings.worker == "service":
            app.state.supervisor = Supervisor(settings)
            tasks.append(asyncio.create_task(app.state.supervisor.keep()))
        with measured.served(settings.metrics_address):
            yield
        app.state.painter, app.state.animator, app.state.catalogue, app.state.jobs = None, None, None, None
        app.state.predictions = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        measured.registry.unregister(counted)
        batcher.close()
        predictions.close()
        work.close()
        store.close()
        keyring.close()

    app = FastAPI(
        title="Impasto",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry=TELEMETRY,
        # no request needs more than half of that
        form_limits={"max_fields": 100, "max_files": 40, "max_part_size": 2 * LONGEST_REGION},
    )
    app.state.settings, app.state.keyring = settings, keyring
    app.state.painter, app.state.animator, app.state.catalogue, app.state.jobs = None, None, None, None
    app.state.exports, app.state.supervisor, app.state.predictions = None, None, None
    app.state.page, app.state.video_files = PageFiles.read(), VideoFiles(settings.video_folder)
    app.state.rates = Rates(settings.rate_limit, settings.rate_store) if settings.rate_limit else None
    app.state.stopping = threading.Event()
    app.state.metrics = measured = Metrics()
    measured.build.info(
        {
            "version": VERSION,
            "network": source.network_id,
            "device": str(stylizer.device),
            "precision": stylizer.precision,
        }
    )
    sizes = settings.max_pixels, settings.max_size, settings.batch_pixels
    maker = VERSION, source.network_id, predictor and predictor.id, source.strokes, stylizer.precision, sizes
    app.state.results = Results(settings.kept_results, maker, measured)
    errors.install(app)
    for resource in (stylize, grid, like, styles, networks, jobs, exemplars, optimizations, videos):
        app.include_router(resource.router, dependencies=DOCUMENTED, responses=problems(401, 403, 421))
    app.include_router(health.router, responses=problems(421))
    if settings.metrics_address is None:
        app.include_router(metrics.router, responses=problems(401, 403, 421))
    app.frontend("/", directory=WEB, fallback=None)
    app.add_middleware(HeadAsGet)
    app.add_middleware(WithoutPreamble)
    app.add_middleware(ReceiveDeadline)
    films = settings.video_max_bytes if settings.videos else settings.max_upload_bytes
    app.add_middleware(BodyLimit, limit=settings.max_upload_bytes, films=films)
    app.add_middleware(Authentication, keyring=keyring, proxies=settings.proxies)
    app.add_middleware(ForeignPages, hosts=settings.hosts, origins=settings.origins)
    app.add_middleware(ServerErrorMiddleware, handler=errors.fault)  # FastAPI's own stands outside all that follows
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            expose_headers=["*"],
        )
    app.add_middleware(ConnectionLimit)
    app.add_middleware(AnswerAtStop)
    app.add_middleware(RequestMetrics, metrics=measured)
    app.add_middleware(RequestLog)
    app.add_middleware(BrowserHeaders)
    return app


def limits(settings: Settings, stylizer: Stylizer) -> QueueLimits:
    """What may wait for the device, and what is painted together.

    A batch gains nothing on a CPU, where pictures are painted beside each other instead, a core or more each.
    """
    return QueueLimits(
        pictures=settings.queue_size,
        pixels=settings.queue_pixels,
        share=settings.queue_share,
        batch=settings.batch_size or (1 if stylizer.device.type == "cpu" else 16),
        batch_pixels=settings.batch_pixels,
        wait=settings.batch_wait,
        deadline=settings.deadline,
    )
