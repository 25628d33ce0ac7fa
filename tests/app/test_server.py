"""A real server process under real requests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.pictures import encoded, photo

ROOT = Path(__file__).parents[2]
FORM = {"style": "starry-night"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(checkpoint: Path, *, port: int | None = None, **settings: object) -> Iterator[str]:
    """A server process of its own, as its URL."""
    port = port or free_port()
    settings = {"port": port, "checkpoint": checkpoint, "worker": "external", **settings}
    environment = {**os.environ, **{f"IMPASTO_{name.upper()}": str(value) for name, value in settings.items()}}
    process = subprocess.Popen([sys.executable, "-m", "app"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx2.get(f"{url}/readyz").raise_for_status()
                break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        assert process.wait(20) in (0, -15)


@pytest.fixture(scope="module")
def server(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tiny_checkpoint_file, queue_size=2, data_dir=tmp_path_factory.mktemp("data")) as url:
        yield url


def picture(side: int) -> dict[str, tuple[str, bytes]]:
    return {"image": ("photo.png", encoded(photo(height=side, width=side)))}


def test_probes_answer_and_a_full_queue_refuses_while_pictures_are_painted(server: str) -> None:
    large = picture(1600)
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(httpx2.post, f"{server}/v1/stylize", data=FORM, files=large, timeout=60) for _ in range(6)]
        health = []
        while not all(future.done() for future in slow):
            health.append(httpx2.get(f"{server}/healthz").status_code)
        answers = [future.result() for future in slow]
    statuses = sorted(answer.status_code for answer in answers)
    assert len(health) > 3 and set(health) == {200}
    assert set(statuses) == {200, 429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)


def test_a_client_that_leaves_frees_its_place(server: str) -> None:
    for _ in range(3):  # more than there are places
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{server}/v1/stylize", data=FORM, files=picture(1600), timeout=httpx2.Timeout(60, read=0.05))
    time.sleep(0.2)
    for _ in range(100):  # what is being painted is finished, but what waited is not begun
        answer = httpx2.post(f"{server}/v1/stylize", data=FORM, files=picture(64), timeout=60)
        if answer.status_code == 200:
            break
        time.sleep(0.1)
    assert answer.status_code == 200


def test_a_style_added_to_one_service_is_soon_painted_by_another(tiny_checkpoint_file: Path, database_url: str) -> None:
    with (
        serving(tiny_checkpoint_file, database_url=database_url) as one,
        serving(tiny_checkpoint_file, database_url=database_url) as other,
    ):
        pack = httpx2.get(f"{one}/v1/styles/the-scream/pack", timeout=60).content
        httpx2.put(f"{one}/v1/styles/my-style/pack", content=pack, timeout=60).raise_for_status()
        deadline = time.monotonic() + 10
        form = {"style": ["my-style", "great-wave"], "weight": "0.5"}
        while httpx2.get(f"{other}/v1/styles/my-style").status_code == 404:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        painted = httpx2.post(f"{other}/v1/stylize", data=form, files=picture(64), timeout=60)
    assert painted.status_code == 200
