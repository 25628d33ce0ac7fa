"""A real server process under real requests."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from tests.pictures import encoded, opened, photo
from tests.processes import Process, command

ROOT = Path(__file__).parents[2]
FORM = {"style": "starry-night"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(
    checkpoint: Path,
    *,
    port: int | None = None,
    program: Callable[[], None] | None = None,
    probe: str = "readyz",
    ending: int = 0,
    **settings: object,
) -> Iterator[tuple[str, int]]:
    """A server process of its own, as its URL and process id.

    program: what runs, where it is not the command. probe: what it answers when it has started. ending: its exit code.
    """
    port = port or free_port()
    given = {"port": port, "checkpoint": checkpoint, "worker": "external", **settings}
    process = Process(program, settings=given) if program else command("serve", settings=given)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx2.get(f"{url}/{probe}").raise_for_status()
                break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield url, process.pid
    finally:
        process.terminate()
        assert process.wait(40) == ending


@contextmanager
def serving(checkpoint: Path, **settings: Any) -> Iterator[str]:
    """A server process of its own, as its URL."""
    with started(checkpoint, **settings) as (url, _):
        yield url


@pytest.fixture(scope="module")
def server(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    limits = {"queue_size": 2, "queue_share": 1, "max_pixels": 50_000_000}
    with serving(tiny_checkpoint_file, **limits, data_dir=tmp_path_factory.mktemp("data")) as url:
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


@pytest.fixture(scope="module")
def hundred_megapixels() -> dict[str, tuple[str, bytes]]:
    """As a PNG, which can be decoded at no smaller scale."""
    rows = np.linspace(0, 255, 10_000, dtype=np.uint8)
    pixels = np.broadcast_to(rows[:, None, None], (10_000, 10_000, 3))
    return {"image": ("photo.png", encoded(np.ascontiguousarray(pixels), compress_level=1))}


def test_a_photo_of_a_hundred_megapixels_is_refused_before_it_is_decoded(
    server: str, hundred_megapixels: dict[str, tuple[str, bytes]]
) -> None:
    answer = httpx2.post(f"{server}/v1/stylize", data=FORM, files=hundred_megapixels, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_pixels")
    assert "10000 × 10000" in answer.json()["detail"]
    assert httpx2.post(f"{server}/v1/stylize", data=FORM, files=picture(64), timeout=60).status_code == 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to read a process's memory from")
def test_where_it_is_allowed_it_is_read_in_the_memory_that_operations_md_states(
    tiny_checkpoint_file: Path, tmp_path: Path, hundred_megapixels: dict[str, tuple[str, bytes]]
) -> None:
    with started(tiny_checkpoint_file, data_dir=tmp_path, max_size=512) as (url, process):
        httpx2.post(f"{url}/v1/stylize", data=FORM, files=picture(512), timeout=60).raise_for_status()
        before = largest_size(process)
        answer = httpx2.post(f"{url}/v1/stylize", data={**FORM, "format": "jpeg"}, files=hundred_megapixels, timeout=60)
        assert opened(answer.content).size == (512, 512)
        assert answer.headers["x-resized-from"] == "10000x10000"
        assert largest_size(process) - before < 8 * 100_000_000


def largest_size(process: int) -> int:
    """The most bytes of memory that a process ever had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text("utf-8"))
    assert found
    return int(found[1]) * 1024


def test_a_crowd_of_visitors_gets_pictures_refusals_and_nothing_else(
    tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    """`load.py` says what they do; whatever is not answered as it should be is a failure of locust's."""
    crowd = [sys.executable, "-m", "locust", "--locustfile", str(Path(__file__).with_name("load.py")), "--headless"]
    with serving(tiny_checkpoint_file, data_dir=tmp_path, queue_size=8) as url:
        options = ["--host", url, "--users", "40", "--spawn-rate", "40", "--run-time", "8s", "--stop-timeout", "20"]
        result = subprocess.run(
            [*crowd, *options, "--json", "--skip-log"], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert result.returncode == 0, result.stdout + result.stderr
        statistics = {each["name"]: each for each in json.loads(result.stdout)}
        assert {"paint", "blend", "grid", "leave", "nonsense", "styles", "healthz"} <= statistics.keys()
        assert sum(each["num_failures"] for each in statistics.values()) == 0
        answer = httpx2.post(f"{url}/v1/stylize", data=FORM, files=picture(64), timeout=60)
        assert answer.status_code == 200  # every place is free again
