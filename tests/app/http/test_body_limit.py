"""A body that is too large is refused so that the refusal is read, even by whoever sends everything first."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from impasto.app.http.body_limit import MOST_OF_JSON
from tests.app.test_server import serving

LIMIT = 5_000_000
FORM = {"Content-Type": "multipart/form-data; boundary=edge"}


@pytest.fixture(scope="module")
def server(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tiny_checkpoint_file, max_upload_bytes=LIMIT, data_dir=tmp_path_factory.mktemp("data")) as url:
        yield url


@pytest.fixture
def connection(server: str) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(urlsplit(server).netloc, timeout=30)) as connection:
        yield connection


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("size", [LIMIT + 1, 3 * LIMIT])
def test_a_client_that_writes_its_whole_body_first_reads_the_refusal(
    connection: http.client.HTTPConnection, size: int, announced: bool
) -> None:
    body = bytes(size) if announced else (bytes(100_000) for _ in range(size // 100_000 + 1))
    connection.request("POST", "/v1/stylize", body=body, headers=FORM, encode_chunked=not announced)
    with connection.getresponse() as answer:
        assert answer.status == 413
        assert answer.headers["connection"] == "close"
        assert b"too_many_bytes" in answer.read()


@pytest.mark.parametrize("announced", [True, False])
def test_what_only_tells_something_is_small(connection: http.client.HTTPConnection, announced: bool) -> None:
    for size, status in ((MOST_OF_JSON, 404), (MOST_OF_JSON + 1, 413), (LIMIT, 413)):
        body = b'{"title": "x"' + b" " * (size - 14) + b"}"
        parts = body if announced else iter([body[:50_000], body[50_000:]])
        headers = {"Content-Type": "application/json"}
        connection.request("PATCH", "/v1/styles/none", body=parts, headers=headers, encode_chunked=not announced)
        with connection.getresponse() as answer:
            assert (answer.status, b"too_many_bytes" in answer.read()) == (status, status == 413)


def test_a_body_without_an_end_is_cut_off(connection: http.client.HTTPConnection) -> None:
    body = (bytes(100_000) for _ in range(10_000))
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.request("POST", "/v1/stylize", body=body, headers=FORM, encode_chunked=True)


def test_a_client_that_waits_to_be_asked_sends_nothing(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/v1/stylize")
    connection.putheader("Content-Length", str(LIMIT + 1))
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    with connection.getresponse() as answer:
        assert (answer.status, b"too_many_bytes" in answer.read()) == (413, True)
