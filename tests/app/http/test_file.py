"""Files on disk, whole and in parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI, Header, Response
from fastapi.testclient import TestClient

from impasto.app import errors
from impasto.app.http.file import file_unless_had
from impasto.app.http.head import HeadAsGet

DATA = bytes(range(100))


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "painted.mp4").write_bytes(DATA)
    app = FastAPI()
    errors.install(app)
    app.add_middleware(HeadAsGet)

    @app.get("/film")
    def film(if_none_match: str | None = Header(None)) -> Response:
        return file_unless_had(tmp_path / "painted.mp4", "video/mp4", if_none_match)

    return TestClient(app)


def test_the_whole_file_has_its_type_name_and_tag(client: TestClient) -> None:
    answer = client.get("/film")
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == 'inline; filename="painted.mp4"'
    assert answer.headers["accept-ranges"] == "bytes"
    again = client.get("/film", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])


@pytest.mark.parametrize(
    ("asked", "told", "part"),
    [
        ("bytes=10-19", "bytes 10-19/100", DATA[10:20]),
        ("bytes=90-", "bytes 90-99/100", DATA[90:]),
        ("bytes=-5", "bytes 95-99/100", DATA[95:]),
        ("bytes=90-1000", "bytes 90-99/100", DATA[90:]),
    ],
)
def test_a_part_is_answered_as_one(client: TestClient, asked: str, told: str, part: bytes) -> None:
    answer = client.get("/film", headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"], answer.content) == (206, told, part)


def test_a_part_of_another_file_is_the_whole_of_this_one(client: TestClient) -> None:
    tag = client.get("/film").headers["etag"]
    for given, status in ((tag, 206), ('"other"', 200)):
        assert client.get("/film", headers={"Range": "bytes=1-", "If-Range": given}).status_code == status


def test_a_part_that_is_not_there_is_a_problem_which_says_how_long_the_file_is(client: TestClient) -> None:
    answer = client.get("/film", headers={"Range": "bytes=100-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */100")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "range_not_satisfiable"


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes", "bytes=", "bytes=9-1", "bytes=x-y"])
def test_what_is_no_range_is_ignored(client: TestClient, asked: str) -> None:
    answer = client.get("/film", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, DATA)


def test_head_reads_nothing_of_it(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anyio.open_file", None)
    answer = client.head("/film")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "100")
