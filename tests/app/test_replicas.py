"""Three replicas on a real Ray, over a real PostgreSQL: what they share, and what is lost with one of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from impasto.app.settings import Settings
from impasto.client import Client
from impasto.scripts.studies.replicas import REPLICA, Cluster, on_a_cluster
from tests.app.conftest import SOON
from tests.app.routes.test_health import eventually
from tests.app.test_faults import add, code, full_disk
from tests.app.test_server import (  # what holds of a process holds here
    FORM,
    hundred_megapixels,
    picture,
    test_a_client_that_leaves_frees_its_place,
    test_a_photo_of_a_hundred_megapixels_is_refused_before_it_is_decoded,
    test_probes_answer_and_a_full_queue_refuses_while_pictures_are_painted,
)
from tests.commands import impasto
from tests.databases import new_database
from tests.pictures import encoded, painting, photo
from tests.processes import command

__all__ = [
    "hundred_megapixels",
    "test_a_client_that_leaves_frees_its_place",
    "test_a_photo_of_a_hundred_megapixels_is_refused_before_it_is_decoded",
    "test_probes_answer_and_a_full_queue_refuses_while_pictures_are_painted",
]

pytestmark = pytest.mark.cluster

REPLICAS = 3
BUSY = 8
"""Clients who ask one after the other, so that each replica is always at something."""
RECOVERY = 120.0
"""Seconds in which another replica paints in the place of one that was killed."""


@pytest.fixture(scope="module")
def database(postgres_server: str) -> str:
    return new_database(postgres_server)


@pytest.fixture(scope="module")
def cluster(database: str, tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Each replica has one place in its queue."""
    settings = Settings(
        checkpoint=tiny_checkpoint_file,
        database_url=database,
        open=True,
        worker="external",
        queue_size=1,
        max_pixels=50_000_000,
    )
    with on_a_cluster(settings, tmp_path_factory.mktemp("replicas"), REPLICAS) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> str:
    return cluster.url


def paint(url: str, style: str = FORM["style"], side: int = 64, key: str = "") -> httpx2.Response:
    """A painted picture, or why there is none; whoever is refused comes back."""
    while True:
        form, headers = {"style": style}, {"X-API-Key": key} if key else {}
        answer = httpx2.post(f"{url}/v1/stylize", data=form, files=picture(side), headers=headers, timeout=60)
        if answer.status_code != 429:
            return answer
        time.sleep(0.05)


def names(text: str, prefix: str = "") -> dict[str, set[str]]:
    """Names of samples -> the replicas of which there are some."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith(prefix):
                found.setdefault(sample.name.removeprefix(prefix), set()).add(sample.labels.get("replica", ""))
    return found


def test_a_new_style_is_painted_by_every_replica_within_two_seconds(server: str) -> None:
    assert add(server, "shared").status_code == 201
    time.sleep(SOON)
    with ThreadPoolExecutor(2 * REPLICAS) as pool:
        answers = list(pool.map(lambda _: paint(server, "shared"), range(20 * REPLICAS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_measurements_say_of_which_replica_they_are_and_ray_exports_them_all(cluster: Cluster) -> None:
    def told() -> dict[str, set[str]]:
        return names(httpx2.get(f"{cluster.url}/metrics", timeout=60).text)

    seen: set[str] = set()

    def all_seen() -> bool:
        seen.update(told()["impasto_queue_pixels"])
        return len(seen) == REPLICAS

    assert eventually(all_seen)

    def exported() -> dict[str, set[str]]:
        return names(httpx2.get(f"{cluster.exporter}/metrics", timeout=60).text, "ray_")

    ours = {name for name in told() if name.startswith(("impasto_", "http_server_")) and not name.endswith("_created")}
    until = time.monotonic() + 60  # Ray hands on what it was told every few seconds, one after the other
    while time.monotonic() < until:
        shown = exported()
        if shown.get("impasto_queue_pixels") == seen and ours <= set(shown):
            break
        time.sleep(1)
    assert shown["impasto_queue_pixels"] == seen
    assert ours <= set(shown)


def test_parts_of_a_file_come_through(server: str) -> None:
    whole = httpx2.get(f"{server}/index.html", timeout=60)
    part = httpx2.get(f"{server}/index.html", headers={"Range": "bytes=2-9"}, timeout=60)
    assert (part.status_code, part.content) == (206, whole.content[2:10])


def test_a_job_is_done_by_a_worker_elsewhere_and_every_replica_tells_of_it_as_it_goes(
    server: str, database: str, tiny_checkpoint_file: Path
) -> None:
    files = {"image": ("painting.png", encoded(painting(3)))}
    form = {"width": "96", "height": "96"}
    asked = httpx2.post(f"{server}/v1/textures", data=form, files=files, timeout=60)
    assert asked.status_code == 202, asked.text
    job = server + str(asked.headers["location"])
    settings = {"database_url": database, "checkpoint": tiny_checkpoint_file}
    worker = command("worker", settings=settings)
    try:
        with httpx2.stream("GET", f"{job}/events", timeout=120) as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            *_, last = (line for line in events.iter_lines() if line.startswith("data:"))
        assert '"succeeded"' in last
    finally:
        worker.terminate()
        worker.wait()
    assert {httpx2.get(job, timeout=60).json()["state"] for _ in range(4 * REPLICAS)} == {"succeeded"}


def test_where_the_disk_is_full_large_uploads_are_refused_by_name_and_small_pictures_painted(cluster: Cluster) -> None:
    large = {"image": ("photo.png", encoded(photo(height=900, width=900), compress_level=0))}
    with ExitStack() as stack:
        for replica in cluster.processes(REPLICA):
            stack.enter_context(full_disk(replica.pid))
        refused = httpx2.post(f"{cluster.url}/v1/stylize", data=FORM, files=large, timeout=60)
        assert code(refused) == (503, "disk_full") and int(refused.headers["retry-after"]) > 0
        assert paint(cluster.url).status_code == 200


def test_of_a_replica_that_is_killed_only_what_it_held_is_lost_and_our_client_loses_nothing(cluster: Cluster) -> None:
    stop, answers = Event(), list[httpx2.Response]()

    def ask() -> None:
        while not stop.is_set():
            answers.append(httpx2.post(f"{cluster.url}/v1/stylize", data=FORM, files=picture(400), timeout=120))

    def insist() -> int:
        painted = 0
        with Client(cluster.url, retries=100) as client:
            while not stop.is_set():
                painted += client.stylize(picture(400)["image"][1], {FORM["style"]: 1}).size == (400, 400)
        return painted

    with ThreadPoolExecutor(BUSY + 2) as pool:
        asking = [pool.submit(ask) for _ in range(BUSY)]
        insisting = [pool.submit(insist) for _ in range(2)]
        try:
            time.sleep(3)
            victim, *_ = cluster.processes(REPLICA)
            killed = time.monotonic()
            victim.kill()
            while len(cluster.processes(REPLICA)) < REPLICAS or not all_answer(cluster):
                assert time.monotonic() < killed + RECOVERY
                time.sleep(0.5)
            print(f"{REPLICAS} replicas answer again after {time.monotonic() - killed:.1f} s")
        finally:
            stop.set()
        assert not [each.exception() for each in asking if each.exception()]
        assert all(each.result() for each in insisting)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {code(answer) for answer in refused} <= {(429, "queue_full"), (503, "not_ready")}
    assert any(answer.status_code == 503 for answer in refused)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


def all_answer(cluster: Cluster) -> bool:
    """Whether every replica answers."""
    told = (httpx2.get(f"{cluster.url}/metrics", timeout=60).text for _ in range(5 * REPLICAS))
    return len(set().union(*(names(text)["impasto_queue_pixels"] for text in told))) == REPLICAS


def test_the_first_key_closes_all_replicas_and_a_key_opens_them(
    server: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPASTO_DATABASE_URL", database)
    key = impasto("keys", "add", "zoe", "--scope", "paint").stdout.strip()
    try:
        time.sleep(SOON)
        assert {code(httpx2.get(f"{server}/v1/styles", timeout=60)) for _ in range(4 * REPLICAS)} == {
            (401, "key_required")
        }
        assert {paint(server, key=key).status_code for _ in range(4 * REPLICAS)} == {200}
    finally:
        impasto("keys", "revoke", "zoe")
