"""A request id for every request, and one line of log when it is answered."""

from __future__ import annotations

import logging
import re
import time
import traceback
import uuid
from typing import Any, Literal, cast

import structlog
from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import ExcInfo

ACCEPTABLE_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
"""Request ids that are taken over from a client; what else comes could forge lines of the log."""

SECRET = re.compile(r"(impasto_)[\w-]{32,}|(://[^/\s:@]*:)[^/\s@]+(?=@)")
"""A key, and a password in a URL."""

log = structlog.stdlib.get_logger(__name__)


def request_id() -> str:
    """The id of the request being answered."""
    return str(structlog.contextvars.get_contextvars().get("request_id", "-"))


def identity_of(scope: Scope) -> str:
    """The id of a request: the one that it came with, or a new one."""
    offered = Headers(scope=scope).get("x-request-id", "")
    return offered if ACCEPTABLE_ID.fullmatch(offered) else uuid.uuid4().hex


class RequestLog:
    """ASGI middleware: gives `X-Request-Id` to every response and logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        identity = identity_of(scope)
        trace.get_current_span().set_attribute("impasto.request_id", identity)
        structlog.contextvars.bind_contextvars(request_id=identity)
        started = time.perf_counter()
        status = 499  # as nginx calls a client that left before it was answered

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = identity
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
            )


def configure_logging(style: Literal["json", "text"]) -> None:
    """One format for our lines and for those of every library that uses `logging`."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,  # into lines of libraries too: a fault is found by its request
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer()
    if style == "json":
        shared.append(structlog.processors.ExceptionRenderer(_faults))
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, _masked],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").disabled = True  # `RequestLog` says more
    for chatty in ("alembic", "dbos"):  # every migration of every table
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _faults(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """An error and what led to it, each with the functions it went through by module and line: no paths, no code."""
    faults, error = [], cast("BaseException | None", exc_info[1])
    while error is not None:
        frames = traceback.walk_tb(error.__traceback__)
        at = [f"{frame.f_globals.get('__name__')}:{line} {frame.f_code.co_name}" for frame, line in frames]
        faults.append({"error": f"{type(error).__name__}: {error}", "at": at})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return faults


def _masked(_: object, __: str, line: Any) -> str:
    """A line without secrets, whoever wrote them into it: a library, a traceback."""
    return SECRET.sub(lambda found: f"{found[1] or found[2]}…", line)
