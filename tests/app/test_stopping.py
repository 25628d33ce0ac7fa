"""A real service that is told to stop: what was begun ends whole, and nothing keeps it from ending."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
import psutil
import pytest

from impasto.model.pictures import images
from impasto.scripts import serving
from impasto.scripts.serving import DRAIN, GRACE
from tests.app.http.test_connection import FORM_HEAD, connected, rest
from tests.app.routes.test_health import eventually
from tests.app.test_faults import code, metric
from tests.app.test_server import FORM, picture, started
from tests.pictures import opened


def serve_hastily() -> None:
    """The service, less patient with what does not end; and a file over which its reader falls asleep."""
    size = images.size

    def sleepy(data: bytes) -> tuple[int, int]:
        if data == b"hang":
            time.sleep(1000)
        return size(data)

    with (
        patch.object(images, "size", sleepy),
        patch.object(serving, "DRAIN", 1),
        patch.object(serving, "GRACE", 4),
    ):
        serving.serve()


def paint(url: str, files: dict[str, tuple[str, bytes]]) -> Any:
    return httpx2.post(f"{url}/v1/stylize", data=FORM, files=files, timeout=60)


def ended(process: int) -> None:
    """Wait for a process's end."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(process).wait(60)


def test_at_a_stop_what_was_begun_is_answered_whole_nothing_new_is_let_in_and_the_exit_code_is_0(
    tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"data_dir": tmp_path, "queue_share": 1}
    photo = picture(1200)
    with ThreadPoolExecutor() as pool, started(tiny_checkpoint_file, **settings) as (url, process):
        begun = [pool.submit(paint, url, photo) for _ in range(5)]
        assert eventually(lambda: metric(url, "impasto_queue_requests") == len(begun))
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        time.sleep(0.3)
        with pytest.raises(httpx2.ConnectError):
            paint(url, picture(64))
        assert not all(each.done() for each in begun)
        assert [opened(each.result().content).size for each in begun] == [(1200, 1200)] * len(begun)
        ended(process)
    assert time.monotonic() < deadline
    assert DRAIN < GRACE <= 30  # after which Kubernetes kills


def test_neither_a_client_that_never_ends_its_request_nor_a_thread_that_hangs_keeps_a_service_from_its_end(
    tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    program = started(tiny_checkpoint_file, program=serve_hastily, ending=-signal.SIGALRM, data_dir=tmp_path)
    with ThreadPoolExecutor() as pool, program as (url, process), connected(url) as slow:
        slow.sendall(FORM_HEAD)
        hanging = pool.submit(paint, url, {"image": ("photo", b"hang")})
        assert eventually(lambda: metric(url, "impasto_queue_requests") == 1)
        os.kill(process, signal.SIGTERM)
        told = rest(slow)
        assert told.startswith(b"HTTP/1.1 503 ") and b'"not_ready"' in told
        assert code(hanging.result()) == (503, "not_ready")
        ended(process)
