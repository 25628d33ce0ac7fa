"""Clients that take their time, at a real server: raw sockets, since no library is as rude."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.app.test_server import FORM, picture, serving
from tests.pictures import encoded, photo

DEADLINE = 1.0
"""Seconds for a request, and for an answer to be read."""
PATIENCE = 10 * DEADLINE
"""Seconds after which a connection that is still there has no deadline."""
FORM_HEAD = (
    b"POST /v1/stylize HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 1000\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    limits = {"receive_timeout": DEADLINE, "send_timeout": DEADLINE, "max_connections": 8}
    limits |= {"videos": True, "video_receive_timeout": 2.5 * DEADLINE}
    with serving(tiny_checkpoint_file, **limits, data_dir=tmp_path_factory.mktemp("data")) as url:
        yield url


@contextmanager
def connected(url: str, buffer: int | None = None) -> Iterator[socket.socket]:
    """A connection. buffer: bytes that the kernel keeps of what is not read."""
    with socket.socket() as client:
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.connect((urlsplit(url).hostname, urlsplit(url).port))
        client.settimeout(PATIENCE)
        yield client


def rest(client: socket.socket) -> bytes:
    """What comes until the connection ends, however it ends."""
    received = b""
    try:
        while data := client.recv(65536):
            received += data
    except ConnectionError:
        pass
    return received


def drip(client: socket.socket, data: bytes, pause: float = 0.05) -> float:
    """Send a byte at a time until the server has had enough, or nothing is left. Returns the seconds it took."""
    started = time.monotonic()
    client.setblocking(False)
    for byte in data:
        try:
            client.send(bytes([byte]))
            time.sleep(pause)
            if client.recv(1, socket.MSG_PEEK) == b"":
                break
        except BlockingIOError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - started


@pytest.mark.parametrize(
    ("sent", "dripped"),
    [
        (b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 1000),
        (FORM_HEAD, b"-" * 1000),
        (b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", b"-" * 1000),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n" * 500),
    ],
    ids=["in the headers", "in the body", "in a body that nobody wants", "between two requests"],
)
def test_a_client_that_sends_a_byte_at_a_time_is_cut_off(server: str, sent: bytes, dripped: bytes) -> None:
    with connected(server) as client:
        client.sendall(sent)
        time.sleep(0.1)
        if b"healthz" in sent or b"nowhere" in sent:
            client.recv(65536)  # the answer
        assert DEADLINE / 2 < drip(client, dripped) < PATIENCE


@pytest.mark.parametrize(
    "head",
    [
        FORM_HEAD,
        FORM_HEAD.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked"),
        b"PUT /v1/styles/mine/pack HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
        b"PATCH /v1/styles/mine HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
    ],
    ids=["form", "chunked", "pack", "JSON"],
)
def test_a_client_whose_body_does_not_come_in_time_is_told_so(server: str, head: bytes) -> None:
    with connected(server) as client:
        client.sendall(head + b"2\r\n--\r\n")
        answer, _, body = rest(client).partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ") and b"\r\nconnection: close" in answer.lower()
    problem = json.loads(body)
    assert problem["code"] == "request_timeout"
    assert f"x-request-id: {problem['request_id']}" in answer.decode().lower()


def test_a_film_has_longer_and_is_cut_off_in_the_end(server: str) -> None:
    started = time.monotonic()
    with connected(server) as client:
        client.sendall(FORM_HEAD.replace(b"/v1/stylize", b"/v1/videos") + b"--")
        answer = rest(client)
    assert time.monotonic() - started > 2 * DEADLINE
    assert answer.startswith(b"HTTP/1.1 408 ") and b"request_timeout" in answer


def test_a_client_that_connects_and_says_nothing_is_cut_off(server: str) -> None:
    with connected(server) as client:
        assert rest(client) == b""


def test_a_client_that_reads_nothing_is_cut_off(server: str) -> None:
    large = encoded(photo(height=1600, width=1600))
    request = httpx2.Request("POST", server, data=FORM, files={"image": ("photo.png", large)})
    request.read()
    head = f"POST /v1/stylize HTTP/1.1\r\nHost: localhost\r\nContent-Type: {request.headers['content-type']}\r\n"
    with connected(server, buffer=4096) as client:
        client.sendall(f"{head}Content-Length: {len(request.content)}\r\n\r\n".encode() + request.content)
        client.settimeout(60)  # on a busy machine it takes its time to be painted
        client.recv(1)  # the answer has begun
        client.settimeout(PATIENCE)
        time.sleep(2 * DEADLINE + 1)
        head, _, body = rest(client).decode("latin-1").partition("\r\n\r\n")
    (announced,) = [int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length")]
    assert len(body) < announced


def test_requests_that_come_in_parts_have_the_whole_deadline_each(server: str) -> None:
    with connected(server) as client:
        # two requests of 0.6 seconds each
        for part in (b"GET /healthz HT", b"TP/1.1\r\nHost: localhost\r\n", b"\r\n") * 2:
            client.sendall(part)
            time.sleep(0.2 * DEADLINE)
        assert client.recv(65536).count(b'{"status":"ok"}') == 2


def test_events_go_on_as_long_as_they_are_read(server: str) -> None:
    painting = {"image": ("painting.png", encoded(photo(height=128, width=128)))}
    job = httpx2.post(f"{server}/v1/styles", data={"id": "slow-style"}, files=painting, timeout=60).json()["id"]
    with httpx2.stream("GET", f"{server}/v1/jobs/{job}/events", timeout=60) as events:
        lines = events.iter_lines()
        assert next(lines) == "event: queued"
        time.sleep(3 * DEADLINE)
        httpx2.delete(f"{server}/v1/jobs/{job}", timeout=60).raise_for_status()
        assert "event: cancelled" in list(lines)


def test_more_connections_than_may_be_are_told_when_to_come_back_and_probes_are_answered(server: str) -> None:
    with ExitStack() as crowd:
        for _ in range(8):
            crowd.enter_context(connected(server))
        refused = httpx2.get(f"{server}/v1/styles", timeout=60)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_connections")
        assert refused.headers["retry-after"] == "1" and refused.headers["connection"] == "close"
        assert refused.json()["request_id"] == refused.headers["x-request-id"]
        assert httpx2.get(f"{server}/healthz", timeout=60).status_code == 200
    for _ in range(100):
        if (status := httpx2.get(f"{server}/v1/styles", timeout=60).status_code) == 200:
            break
        time.sleep(0.05)
    assert status == 200


def test_after_all_that_it_paints(server: str) -> None:
    painted = httpx2.post(f"{server}/v1/stylize", data=FORM, files=picture(64), timeout=60)
    assert painted.status_code == 200
