"""Who has a result is not painted it again, and what is kept in memory has a bound."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import torch
from fastapi import Response
from fastapi.testclient import TestClient

from impasto.app.main import create_app
from impasto.app.metrics import Metrics
from impasto.app.painting.results import Results
from impasto.app.settings import Settings
from tests.pictures import encoded, photo

PHOTO = encoded(photo(height=48, width=64))
QUESTION = {"style": "starry-night"}
VECTOR = torch.arange(4.0)


def post(client: TestClient, image: bytes = PHOTO, *, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    return client.post("/v1/stylize", data={**QUESTION, **fields}, files={"image": ("photo", image)}, headers=headers)


def painted(client: TestClient) -> float:
    """How many pixels the service has painted."""
    lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith("impasto_painted_pixels_total")).split()[1])


def results(room: int, maker: object = "a network") -> Results:
    return Results(room, maker, Metrics())


def tag(photo: bytes = PHOTO, *recipe: object, maker: object = "a network") -> str:
    return asyncio.run(results(0, maker).tag(photo, [VECTOR], *recipe))


# The client has it already


@pytest.mark.parametrize("client", ["process"], indirect=True)  # whose measurements are read
def test_who_has_the_picture_gets_a_304_and_nothing_is_painted(client: TestClient) -> None:
    first = post(client)
    before = painted(client)
    again = post(client, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"] and painted(client) == before


def test_who_has_the_grid_gets_a_304(client: TestClient) -> None:
    def grid(**headers: str) -> Any:
        fields = {"blend": ["starry-night=1", "great-wave=1"]}
        return client.post("/v1/stylize/grid", data=fields, files={"image": ("photo", PHOTO)}, headers=headers)

    first = grid()
    assert first.status_code == 200
    assert grid(**{"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    "other",
    [
        {"style": "great-wave"},
        {"style": ["starry-night", "great-wave"], "weight": "0.999"},
        {"strength": "0.5"},
        {"preserve_color": "true"},
        {"stroke": "2"},
        {"size": "48"},
        {"format": "jpeg"},
        {"format": "webp", "quality": "80"},
        {"recipe": "false"},
        {"headers": {"Accept": "image/webp"}},
        {"image": encoded(photo(seed=1, height=48, width=64))},
    ],
)
def test_another_question_is_painted(client: TestClient, other: dict[str, Any]) -> None:
    have = post(client).headers["etag"]
    headers = {"If-None-Match": have, **other.get("headers", {})}
    answer = post(client, **{**other, "headers": headers})
    assert answer.status_code == 200 and answer.headers["etag"] != have


@pytest.mark.parametrize("header", ["*", '"something else"', "", "no tag"])
def test_who_has_something_else_is_painted_it(client: TestClient, header: str) -> None:
    assert post(client, headers={"If-None-Match": header}).status_code == 200


def test_two_ways_to_ask_for_the_same_file_have_one_tag(client: TestClient) -> None:
    """The photo is a PNG, and so are both."""
    assert (
        post(client, headers={"Accept": "*/*"}).headers["etag"] == post(client, headers={"Accept": ""}).headers["etag"]
    )


def test_a_tag_tells_apart_photos_recipes_styles_and_makers() -> None:
    moved = asyncio.run(results(0).tag(PHOTO, [VECTOR + 1e-6]))
    tags = {tag(), tag(PHOTO + b"\0"), tag(PHOTO, 1), tag(PHOTO, "1"), tag(maker="another"), moved}
    assert len(tags) == 6 and tag() == tag()


# The service has it still


def test_the_same_question_is_painted_once_where_results_are_kept(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"kept_results": 1_000_000}))) as client:
        first = post(client)
        before = painted(client)
        second = post(client)
        assert second.content == first.content and painted(client) == before
        assert second.headers["cache-status"] == "impasto; hit" and "cache-status" not in first.headers
        of_a_result = ("content-type", "content-length", "etag", "vary", "x-style-weights", "x-model-version")
        assert all(second.headers[name] == first.headers[name] for name in of_a_result)
        assert second.headers["x-request-id"] != first.headers["x-request-id"]
        assert "server-timing" not in second.headers
        assert post(client, style="great-wave").content != first.content
        assert 'impasto_answers_total{origin="kept"} 1.0' in client.get("/metrics").text


def test_by_default_nothing_is_kept(client: TestClient) -> None:
    post(client)
    assert "cache-status" not in post(client).headers


def test_what_its_client_will_never_ask_for_again_is_not_kept(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"kept_results": 1_000_000}))) as client:
        post(client, headers={"Cache-Control": "no-store"})
        assert "cache-status" not in post(client).headers
        assert "cache-status" in post(client).headers


def test_what_was_not_asked_for_longest_makes_way() -> None:
    some = results(room=100)
    for name in ("one", "two"):
        some.keep(name, Response(bytes(40)))
    assert some.known("one", None)
    some.keep("three", Response(bytes(40)))
    assert some.known("one", None) and some.known("three", None) and not some.known("two", None)


def test_what_is_larger_than_all_the_room_is_answered_and_not_kept() -> None:
    some = results(room=100)
    some.keep("small", Response(bytes(100)))
    assert some.keep("large", Response(bytes(101))).status_code == 200
    assert some.known("small", None) and not some.known("large", None)
