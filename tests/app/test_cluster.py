"""What a cluster adds to the application: its arguments, what stands around it in replicas and proxies; no Ray runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, generate_latest
from pydantic import ValidationError
from ray.serve.config import AutoscalingContext
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.app.cluster import LOAD, Arguments, AtProxy, Served, _labelled, at_proxies, build, by_queued_pixels
from impasto.app.http.connection import LATE
from impasto.app.http.disconnect import ClientDisconnected, unless_disconnected
from impasto.app.settings import InvalidSettings, Settings

POSTGRES = "postgresql://somebody@somewhere/impasto"


# What is deployed


def test_settings_of_the_file_go_before_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_QUEUE_SIZE", "3")
    monkeypatch.setenv("IMPASTO_DEADLINE", "5")
    settings = Arguments.model_validate({"settings": {"queue_size": 7}}).settings
    assert (settings.queue_size, settings.deadline) == (7, 5)


@pytest.mark.parametrize("fault", [{"settings": {"queue_sise": 7}}, {"settings": {"queue_size": 0}}, {"replicas": 2}])
def test_arguments_that_cannot_be_are_named(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"queue_sise|queue_size|replicas"):
        Arguments.model_validate(fault)


def test_several_replicas_need_a_postgresql() -> None:
    with pytest.raises(InvalidSettings, match="IMPASTO_DATABASE_URL: several replicas need a PostgreSQL"):
        build(Arguments(max_replicas=2, settings=Settings()))


def test_replicas_have_no_address_of_their_own_for_measurements() -> None:
    with pytest.raises(InvalidSettings, match="IMPASTO_METRICS_ADDRESS"):
        build(Arguments(settings=Settings(metrics_address="0.0.0.0:9464")))


def test_whoever_reaches_the_proxies_needs_a_key_unless_the_settings_say_otherwise() -> None:
    (settings,) = cast(Any, build(Arguments(settings=Settings())))._bound_deployment.init_args
    assert not settings.on_loopback and not settings.open


def test_ray_lets_in_as_many_requests_as_a_process_has_connections() -> None:
    settings = Settings(max_connections=123, database_url=POSTGRES)
    deployment = cast(Any, build(Arguments(max_replicas=3, gpus=0.5, settings=settings)))._bound_deployment
    assert deployment.max_ongoing_requests == deployment.max_queued_requests == 123
    assert deployment.ray_actor_options["num_gpus"] == 0.5


@pytest.mark.parametrize(
    ("loads", "replicas"), [({}, 3), ({"a": 0.0, "b": 0.0}, 0), ({"a": 0.4, "b": 0.4}, 1), ({"a": 5.0, "b": 1.2}, 7)]
)
def test_there_are_as_many_replicas_as_the_pixels_that_wait_are_work_for(
    loads: dict[str, float], replicas: int
) -> None:
    context = SimpleNamespace(aggregated_metrics={LOAD: loads} if loads else {}, target_num_replicas=3)
    assert by_queued_pixels(cast(AutoscalingContext, context))[0] == replicas


# What stands around the application in a replica


def scope(path: str = "/v1/stylize") -> Scope:
    return {"type": "http", "path": path, "headers": [], "state": {}}


async def nothing(message: Message) -> None:
    pass


def served(app: ASGIApp, **settings: Any) -> Served:
    return Served(app, Settings(**settings))


def test_whom_nobody_waits_for_any_more_is_told_that_the_client_has_left() -> None:
    found: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the body
        with pytest.raises(ClientDisconnected):
            async with unless_disconnected(Request(scope, receive)):
                await asyncio.sleep(60)
        found.append((await receive())["type"])

    async def scenario() -> None:
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.sleep(60)
            asked = True
            return {"type": "http.request", "body": b""}

        work = asyncio.create_task(served(app)(scope(), receive, nothing))
        await asyncio.sleep(0.05)
        work.cancel()  # as Ray does
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(scenario())
    assert found == ["http.disconnect"]


def test_a_body_that_does_not_come_in_time_is_late() -> None:
    found: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body") and not scope["state"].get(LATE):
            pass
        found.append(scope["state"][LATE])

    async def drip() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"-", "more_body": True}

    asyncio.run(served(app, receive_timeout=0.2)(scope(), drip, nothing))
    assert found == [True]


def test_every_sample_says_which_replica_it_is_of() -> None:
    registry = CollectorRegistry()
    Counter("impasto_seen", "Seen.", ["code"], registry=registry).labels("a").inc()
    written = generate_latest(_labelled(registry, "one")).decode()
    assert 'impasto_seen_total{code="a",replica="one"} 1.0' in written


# What stands around Ray's proxy


def asked(app: ASGIApp, path: str = "/v1/styles", **headers: str) -> httpx2.Response:
    """What a client of the proxy reads when Ray answers as `app` does."""
    for middleware in at_proxies():
        app = cast(ASGIApp, middleware.cls(app, *middleware.args, **middleware.kwargs))
    return answer_of(app, path, **headers)


def answer_of(app: ASGIApp, path: str = "/v1/styles", **headers: str) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://proxy") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """As Ray answers when a replica dies: not at all."""


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (silent, (503, "not_ready")),
        (PlainTextResponse("Internal Server Error", 500), (503, "not_ready")),
        (PlainTextResponse("no replicas", 503), (503, "not_ready")),
        (PlainTextResponse("Path '/v1/styles' not found.", 404), (503, "not_ready")),
        (PlainTextResponse("backpressure", 429), (429, "queue_full")),
    ],
)
def test_what_ray_answers_itself_is_a_problem_with_a_time_to_come_back(app: ASGIApp, expected: tuple[int, str]) -> None:
    answer = asked(app)
    assert (answer.status_code, answer.json()["code"]) == expected
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-security-policy"]


def test_a_refusal_of_the_proxy_says_when_the_next_request_will_have_left() -> None:
    proxy = AtProxy(PlainTextResponse("backpressure", 429))
    proxy._asked, proxy._seconds = 4, 39.0
    assert int(answer_of(proxy).headers["retry-after"]) == 9  # of 35.1 s, as they are since this one, four at a time


def ours(answer: Callable[[Scope], Awaitable[None] | None] = lambda scope: None) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer(scope)
        headers = {"X-Content-Type-Options": "nosniff", "X-Request-Id": "another"}
        await PlainTextResponse("an error of the application", 500, headers)(scope, receive, send)

    return app


def test_what_the_application_answers_stays_with_one_request_id() -> None:
    answer = asked(ours(), **{"X-Request-Id": "mine"})
    assert (answer.status_code, answer.text) == (500, "an error of the application")
    assert answer.headers.get_list("x-request-id") == ["mine"]


def test_a_request_id_that_could_forge_lines_of_a_log_is_replaced_before_ray_sees_it() -> None:
    seen: list[bytes] = []
    answer = asked(ours(lambda scope: seen.extend(dict(scope["headers"])[b"x-request-id"])), **{"X-Request-Id": "a b"})
    assert bytes(cast(Any, seen)).decode() == answer.headers["x-request-id"] != "a b"


def test_clients_tell_ray_nothing() -> None:
    seen: list[bytes] = []
    told = {
        "X-Request-Timeout-Seconds": "0.1",
        "serve_multiplexed_model_id": "a",
        "X-Request-Disconnect-Disabled": "?1",
    }
    asked(ours(lambda scope: seen.extend(name for name, _ in scope["headers"])), **told)
    assert not [name for name in seen if name.startswith((b"serve", b"x-request-t", b"x-request-d"))]


def test_probes_of_ray_are_left_to_it() -> None:
    assert asked(PlainTextResponse("success"), path="/-/healthz").text == "success"
