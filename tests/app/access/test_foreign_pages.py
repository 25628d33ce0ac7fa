"""What pages of others can do to a service through a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from impasto.app.main import create_app
from impasto.app.settings import Settings

STRANGER = "https://elsewhere.example"
KNOWN = "https://known.example"
REFUSED = (403, "foreign_origin")


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[TestClient]:
    """A service on loopback that knows a page elsewhere, and a second name."""
    changes = {"cors_origins": f"{KNOWN}, https://other.example", "allowed_hosts": "testserver, *.paint.example"}
    with TestClient(create_app(settings.model_copy(update=changes))) as service:
        yield service


def deleted(service: TestClient, **headers: str) -> tuple[int, str]:
    """How the service answers a page that wants a style to be gone: there is none of that id."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = service.delete("/v1/styles/none", headers=names)
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("origin", [STRANGER, "null", "http://testserver:81", "http://testserver.example", "http://["])
def test_a_foreign_page_changes_nothing(client: TestClient, method: str, origin: str) -> None:
    answer = client.request(method, "/v1/styles/great-wave", headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == REFUSED


def test_a_foreign_page_does_not_have_anything_painted(client: TestClient) -> None:
    answer = client.post("/v1/stylize", data={"style": "great-wave"}, headers={"Origin": STRANGER})
    assert (answer.status_code, answer.json()["code"]) == REFUSED


def test_our_own_page_and_programs_may(client: TestClient) -> None:
    allowed = (404, "unknown_style")
    assert deleted(client) == allowed
    assert deleted(client, Origin="http://testserver") == allowed
    assert deleted(client, Origin="https://testserver") == allowed  # behind a proxy that speaks TLS
    assert deleted(client, Origin="https://paint.example", Sec_Fetch_Site="same-origin") == allowed  # that changes Host
    assert deleted(client, Origin="https://paint.example", Sec_Fetch_Site="cross-site") == REFUSED


def test_a_page_that_has_a_key_may(client: TestClient) -> None:
    assert deleted(client, Origin=STRANGER, X_API_Key="impasto_any") == (404, "unknown_style")


def test_a_page_that_the_owner_knows_may(service: TestClient) -> None:
    assert deleted(service, Origin=KNOWN) == (404, "unknown_style")
    assert deleted(service, Origin=STRANGER) == REFUSED


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "elsewhere.example:8000", "localhost.example", "[", "paint.example"]
)
def test_a_name_that_somebody_pointed_here_is_refused(service: TestClient, host: str) -> None:
    answer = service.get("/v1/styles", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]", "192.168.0.7", "a.paint.example:80"],
)
def test_addresses_and_names_of_ours_are_answered(service: TestClient, host: str) -> None:
    assert service.get("/v1/styles", headers={"Host": host}).status_code == 200


def test_where_strangers_come_anyway_any_name_will_do() -> None:
    assert Settings(host="0.0.0.0").hosts is None
    assert Settings(host="0.0.0.0", allowed_hosts="paint.example").hosts == ("localhost", "0.0.0.0", "paint.example")
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        assert Settings(host=host).hosts == ("localhost", host)


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key, content-type"}


def test_no_page_elsewhere_reads_anything_by_default(client: TestClient) -> None:
    assert "access-control-allow-origin" not in client.get("/v1/styles", headers={"Origin": STRANGER}).headers
    answer = client.options("/v1/stylize", headers={"Origin": STRANGER, **PREFLIGHT})
    assert answer.status_code == 405 and "access-control-allow-origin" not in answer.headers


def test_pages_that_the_owner_knows_read_everything(service: TestClient) -> None:
    answer = service.options("/v1/stylize", headers={"Origin": KNOWN, **PREFLIGHT})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == KNOWN
    assert "x-api-key" in answer.headers["access-control-allow-headers"].lower()
    for path in ("/v1/styles", "/v1/styles/none"):
        answer = service.get(path, headers={"Origin": KNOWN})
        assert answer.headers["access-control-allow-origin"] == KNOWN
        assert answer.headers["access-control-expose-headers"] == "*"
        assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in service.get("/v1/styles", headers={"Origin": STRANGER}).headers


def test_pages_that_the_owner_knows_read_what_a_fault_is_answered_with(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("impasto.app.routes.styles._info", broken)
    known = settings.model_copy(update={"cors_origins": KNOWN})
    with TestClient(create_app(known), raise_server_exceptions=False) as service:
        answer = service.get("/v1/styles", headers={"Origin": KNOWN})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["access-control-allow-origin"] == KNOWN
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
