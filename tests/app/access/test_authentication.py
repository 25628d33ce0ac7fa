"""Who is let in, and to what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from impasto.app.access.authentication import scope_of
from impasto.app.access.keys import KeyStore
from impasto.app.main import create_app
from impasto.app.settings import Settings
from tests.pictures import encoded, photo

NEEDED = {
    "paint": {
        "GET /metrics",
        "GET /v1/info",
        "GET /v1/jobs/{job_id}",
        "GET /v1/jobs/{job_id}/events",
        "GET /v1/jobs/{job_id}/preview",
        "GET /v1/jobs/{job_id}/result",
        "GET /v1/networks/{network_id}.onnx",
        "GET /v1/networks/{network_id}/styles",
        "GET /v1/styles",
        "GET /v1/styles/{style_id}",
        "GET /v1/styles/{style_id}/pack",
        "POST /v1/stylize",
        "POST /v1/stylize/grid",
        "POST /v1/stylize/like",
    },
    "manage": {
        "DELETE /v1/jobs/{job_id}",
        "DELETE /v1/styles/{style_id}",
        "PATCH /v1/styles/{style_id}",
        "POST /v1/analogies",
        "POST /v1/optimizations",
        "POST /v1/styles",
        "POST /v1/textures",
        "POST /v1/transfers",
        "POST /v1/videos",
        "PUT /v1/styles/{style_id}/pack",
    },
    None: {"GET /healthz", "GET /readyz", "GET /v1/styles/{style_id}/preview"},
}
"""What each route of the OpenAPI document asks of a key."""


@pytest.fixture(scope="module")
def closed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path_factory.mktemp("closed")})


@pytest.fixture(scope="module")
def tokens(closed: Settings) -> dict[str, str]:
    """A key for each scope, and one for both."""
    store = KeyStore(closed.database)
    store.migrate()
    tokens = {
        "paint": store.add("painter", ["paint"]),
        "manage": store.add("manager", ["manage"]),
        "both": store.add("both", ["paint", "manage"]),
    }
    store.close()
    return tokens


@pytest.fixture(scope="module")
def service(closed: Settings, tokens: dict[str, str]) -> Iterator[TestClient]:
    with TestClient(create_app(closed)) as service:
        yield service


def routes(service: TestClient) -> Iterator[tuple[str, str]]:
    for path, operations in service.get("/openapi.json").json()["paths"].items():
        for method in operations:
            yield method.upper(), path


def test_of_every_route_it_is_known_what_it_needs(service: TestClient) -> None:
    found: dict[str | None, set[str]] = {"paint": set(), "manage": set(), None: set()}
    for method, path in routes(service):
        found[scope_of(method, path)].add(f"{method} {path}")
    assert found == NEEDED


def test_nothing_of_the_service_is_done_without_a_key(service: TestClient) -> None:
    for method, path in routes(service):
        answer = service.request(method, path.format(style_id="great-wave", job_id="some", network_id="some"))
        if f"{method} {path}" in NEEDED[None]:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "key_required"), path
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_page_and_the_documents_can_be_read_by_all(service: TestClient) -> None:
    for path in ("/", "/main.js", "/openapi.json", "/docs"):
        assert service.get(path).status_code == 200


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_opens_what_its_scopes_say(service: TestClient, tokens: dict[str, str], header: str) -> None:
    prefix = "Bearer " if header == "Authorization" else ""
    asked = {"paint": ("GET", "/v1/styles"), "manage": ("DELETE", "/v1/styles/none")}
    for owned, token in tokens.items():
        for needed, (method, path) in asked.items():
            answer = service.request(method, path, headers={header: prefix + token})
            if owned in (needed, "both"):
                assert answer.status_code in (200, 404)
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
                assert f"'{needed}'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("header", "value"),
    [(b"Authorization", b"Bearer impasto_wrong"), (b"X-API-Key", b"impasto_wrong"), (b"X-API-Key", b"\xe9")],
)
def test_an_unknown_key_opens_nothing_and_is_not_repeated(service: TestClient, header: bytes, value: bytes) -> None:
    answer = service.get("/v1/styles", headers=[(header, value)])
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
    assert "impasto_wrong" not in answer.text


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Basic eHg6eXk="}, {"Authorization": "Bearer"}, {"X-API-Key": ""}]
)
def test_what_is_no_key_is_none(service: TestClient, headers: dict[str, str]) -> None:
    assert service.get("/v1/styles", headers=headers).json()["code"] == "key_required"


def test_paths_that_nobody_thought_of_ask_for_a_key(service: TestClient) -> None:
    for method, path in (("GET", "/v1/unheard-of"), ("POST", "/v1/stylize/"), ("OPTIONS", "/v1/stylize")):
        assert service.request(method, path, follow_redirects=False).status_code == 401


def test_a_picture_is_painted_with_a_key(service: TestClient, tokens: dict[str, str]) -> None:
    files = {"image": ("photo.png", encoded(photo(height=32, width=32)))}
    headers = {"Authorization": f"Bearer {tokens['paint']}"}
    answer = service.post("/v1/stylize", data={"style": "great-wave"}, files=files, headers=headers)
    assert answer.status_code == 200


def test_a_body_is_not_read_before_its_sender_is_known(service: TestClient) -> None:
    body = bytes(300_000)
    answer = service.post("/v1/stylize", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 401  # and not the 413 of so large a body


def test_the_openapi_document_tells_how_a_key_is_sent(service: TestClient) -> None:
    document = service.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert {(each["type"], each.get("scheme"), each.get("name")) for each in schemes.values()} == {
        ("http", "bearer", None),
        ("apiKey", None, "X-API-Key"),
    }
    assert len(document["paths"]["/v1/stylize"]["post"]["security"]) == 2
    assert {"401", "403"} <= set(document["paths"]["/v1/stylize"]["post"]["responses"])


def test_without_a_database_nobody_is_let_in_until_it_is_there(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "impasto.db").mkdir()  # a folder where the database should be
    with TestClient(create_app(settings.model_copy(update={"data_dir": tmp_path}))) as service:
        answer = service.get("/v1/styles")
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert service.get("/readyz").status_code == 200
