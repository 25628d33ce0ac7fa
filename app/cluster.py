"""The service on a cluster: the same application, in replicas of Ray Serve behind Ray's proxies.

    impasto cluster config > impasto.yaml && serve run impasto.yaml

The only file of the application that knows Ray. Ray's proxies import it too, and are waited for: it loads no torch
until a replica builds the application. Ray reads the type of what `build` takes, so annotations are no strings here.
"""

import asyncio
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, ConfigDict, Field, field_validator
from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig, AutoscalingContext, AutoscalingPolicy, BackpressureConfig
from ray.util.metrics import Gauge
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.app.http.body_limit import FILMS
from impasto.app.http.browser_headers import BrowserHeaders
from impasto.app.http.connection import LATE
from impasto.app.http.problem import ProblemResponse, problem
from impasto.app.http.request_log import configure_logging, identity_of
from impasto.app.settings import InvalidSettings, Settings, read_settings
from impasto.model.network.allocator import ONE_ARENA, keep_freed_memory

if TYPE_CHECKING:
    from impasto.app.metrics import Metrics

BUSY = 0.2
"""Part of IMPASTO_QUEUE_PIXELS that makes a replica's worth of work, as in deploy/kubernetes/scaling.yaml."""
LOAD = "impasto_load"
"""Replicas' worths of work in the queue of one: what is scaled by."""
SHOWN_EVERY = 5.0
"""Seconds between two looks of Ray's exporter at what a replica has measured."""
RETRY_AFTER = 2
"""Seconds: by then Ray knows that a replica has died, and others answer."""
OF_RAY = {"/-/healthz", "/-/routes"}
"""Paths at which the proxies answer for themselves."""
OBEYED = {b"x-request-timeout-seconds", b"x-request-disconnect-disabled", b"serve-multiplexed-model-id"}
"""Headers by which a client could tell Ray how long to work for it, and where."""


class Arguments(BaseModel):
    """`args` of the application in a file for `serve run`. cpus, gpus: of each replica, also fractions."""

    model_config = ConfigDict(extra="forbid")

    min_replicas: int = Field(1, ge=0)
    max_replicas: int = Field(1, ge=1)
    cpus: float = Field(1, ge=0)
    gpus: float = Field(0, ge=0)
    settings: Settings = Field(default_factory=read_settings)

    @field_validator("settings", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if isinstance(value, dict) and (unknown := set(value) - set(Settings.model_fields)):
            raise ValueError(f"there are no settings {', '.join(sorted(map(str, unknown)))}")
        return value


def build(arguments: Arguments) -> Application:
    """What Ray deploys. Raises InvalidSettings.

    Of what is asked of a replica much is no painting: previews, events of jobs, probes. So Ray lets in as many requests
    as a process has connections, and it is the replica's own queue that refuses what it cannot paint, with the time
    until it could; Ray knows only one time for all refusals. The proxies refuse what finds no connection anywhere.

    Who can reach the proxies is not known here: so nobody is let in without a key, unless the settings say `open`.
    """
    settings = arguments.settings.model_copy(update={"host": "0.0.0.0"})
    if settings.database_url is None and arguments.max_replicas > 1:
        raise InvalidSettings("IMPASTO_DATABASE_URL: several replicas need a PostgreSQL; SQLite is for one")
    if settings.metrics_address is not None:
        raise InvalidSettings("IMPASTO_METRICS_ADDRESS: replicas of one machine cannot share it; ask Ray's exporter")
    deployment = serve.deployment(
        name="impasto",
        max_ongoing_requests=settings.max_connections,
        max_queued_requests=settings.max_connections,
        backpressure_config=BackpressureConfig(status_code=429),
        graceful_shutdown_timeout_s=settings.deadline,
        autoscaling_config=AutoscalingConfig(
            min_replicas=arguments.min_replicas,
            max_replicas=arguments.max_replicas,
            policy=AutoscalingPolicy(policy_function=by_queued_pixels),
        ),
        ray_actor_options={
            "num_cpus": arguments.cpus,
            "num_gpus": arguments.gpus,
            "runtime_env": {"env_vars": ONE_ARENA},
        },
    )
    return deployment(Replica).bind(settings)


def by_queued_pixels(context: AutoscalingContext) -> tuple[int, dict[str, object]]:
    """How many replicas the work that waits is for. Ray carries it to its controller by value, and holds its bounds."""
    loads = (context.aggregated_metrics or {}).get(LOAD)
    return math.ceil(sum(loads.values())) if loads else context.target_num_replicas, {}


@serve.ingress()
class Replica:
    """The application, built where it serves: it could not be sent there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __serve_build_asgi_app__(self) -> ASGIApp:
        from impasto.app.main import create_app

        configure_logging(self._settings.log_format)
        keep_freed_memory()
        app = create_app(self._settings)
        self._measured: Metrics = app.state.metrics
        self._measured.registry = _labelled(self._measured.registry, serve.get_replica_context().replica_tag)
        self._showing = asyncio.create_task(_show(self._measured))
        return Served(app, self._settings)

    def record_autoscaling_stats(self) -> dict[str, float]:
        (waiting,) = next(iter(self._measured.queue_pixels.collect())).samples
        return {LOAD: waiting.value / (BUSY * self._settings.queue_pixels)}


class Served:
    """ASGI: has the application served as `Connection` would. A client that leaves is a disconnect, for which Ray
    cancels what works for it; one that is slow to send is refused."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        messages: asyncio.Queue[Message] = asyncio.Queue()
        limit = self._settings.video_receive_timeout if scope["path"] == FILMS else self._settings.receive_timeout

        async def forward() -> None:
            try:
                async with asyncio.timeout(limit):
                    whole = False
                    while not whole:
                        messages.put_nowait(message := await receive())
                        whole = not message.get("more_body", False)
                messages.put_nowait(await receive())  # that the client has left
            except TimeoutError:
                scope["state"][LATE] = True  # `ReceiveDeadline` looks there, with what comes next
                messages.put_nowait({"type": "http.request", "body": b"", "more_body": True})

        async def receive_forwarded() -> Message:
            message = await messages.get()
            if message["type"] == "http.disconnect":
                messages.put_nowait(message)  # whoever asks again is told again
            return message

        forwarding = asyncio.create_task(forward())
        work = asyncio.ensure_future(self.app(scope, receive_forwarded, send))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            messages.put_nowait({"type": "http.disconnect"})
            await work
            raise
        finally:
            forwarding.cancel()


class AtProxy:
    """ASGI middleware of Ray's proxies: what they answer themselves, in text or not at all, are problems too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._asked, self._seconds = 0, 1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close"})
        if scope["path"] in OF_RAY:
            return await self.app(scope, receive, send)
        identity = identity_of(scope)
        passed = [(name, value) for name, value in scope["headers"] if name.replace(b"_", b"-") not in OBEYED]
        scope["headers"] = passed
        MutableHeaders(scope=scope)["X-Request-Id"] = identity
        structlog.contextvars.bind_contextvars(request_id=identity)
        answered, status = False, 0

        async def send_ours(message: Message) -> None:
            nonlocal answered, status
            if message["type"] == "http.response.start":
                status, headers = message["status"], MutableHeaders(scope=message)
                answered = "x-content-type-options" in headers  # as `BrowserHeaders` gave it
                headers["X-Request-Id"] = identity  # Ray has appended another
            if answered:
                await send(message)

        self._asked, begun = self._asked + 1, time.perf_counter()
        try:
            await self.app(scope, receive, send_ours)
        finally:
            self._seconds = 0.9 * self._seconds + 0.1 * (time.perf_counter() - begun)
            self._asked -= 1
        if not answered:
            refusal = self._refusal(status)
            refusal.headers["X-Request-Id"] = identity
            await refusal(scope, receive, send)

    def _refusal(self, status: int) -> ProblemResponse:
        if status == 429:
            seconds = max(1, math.ceil(self._seconds / max(1, self._asked)))  # until the next one leaves (Little)
            detail = "as many requests as fit are waiting for a replica; try again later"
            return problem(429, "queue_full", detail, headers={"Retry-After": str(seconds)})
        detail = "there is no replica, or the one that was at this has ended; try again in a moment"
        return problem(503, "not_ready", detail, headers={"Retry-After": str(RETRY_AFTER)})


def at_proxies() -> list[Middleware]:
    """What RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names: each one stands around those before it."""
    return [Middleware(AtProxy), Middleware(BrowserHeaders)]


class _Labelled(Collector):
    """What a registry has, of one replica."""

    def __init__(self, registry: CollectorRegistry, replica: str) -> None:
        self._registry, self._replica = registry, replica

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [
                sample._replace(labels={**sample.labels, "replica": self._replica}) for sample in family.samples
            ]
            yield family


def _labelled(registry: CollectorRegistry, replica: str) -> CollectorRegistry:
    """A registry that says of which replica it is; what is registered there later, jobs, is of all."""
    labelled = CollectorRegistry()
    labelled.register(_Labelled(registry, replica))
    return labelled


async def _show(measured: "Metrics") -> None:
    """Have Ray's exporter show every metric, for ever: under its name, which Ray puts `ray_` before.

    As gauges, whatever they are: Ray's counters and histograms cannot be set.
    """
    gauges: dict[str, Gauge] = {}
    while True:
        for family in await asyncio.to_thread(lambda: list(measured.registry.collect())):
            for sample in family.samples:
                if sample.name.endswith("_created"):
                    continue
                if sample.name not in gauges:
                    gauges[sample.name] = Gauge(sample.name, family.documentation, tuple(sample.labels))
                gauges[sample.name].set(sample.value, sample.labels)
        await asyncio.sleep(SHOWN_EVERY)
