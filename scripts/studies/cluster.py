"""What a cluster costs and what it survives, on a real Ray: beside the plain process, in the same run.

    OMP_NUM_THREADS=1 python -m impasto.scripts.studies.cluster postgresql://postgres@127.0.0.1:5432/empty

Each process that paints has one core, as a container with a limit of one has: its decoders are threads too, and would
take a part of another. It needs Linux, two cores with nothing else on them but the clients, some minutes, an empty
database of PostgreSQL, which the replicas share, and the extras `cluster` and `client`.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import httpx
import psutil
import psycopg
import tyro

from impasto.app.settings import Settings
from impasto.client import Client, ServiceError
from impasto.model.evaluation.report import table
from impasto.model.pictures.images import decode
from impasto.scripts.studies.load import sized
from impasto.scripts.studies.replicas import PROXY, REPLICA, Cluster, on_a_cluster
from impasto.scripts.studies.service import Service, serving
from impasto.scripts.studies.visitors import Answer, Visitors, visiting

IDLE = 5.0
"""Seconds in which it is seen what Ray's proxies take while nobody asks."""
ASKED = 200
"""Times that one client asks for what is not painted, of which the latency is told; a tenth of it for pictures."""
CLIENTS = 8
"""Who ask for pictures at once, and as many who do so by `impasto.client` while a replica is killed."""


@dataclass(frozen=True)
class Arguments:
    database: tyro.conf.Positional[str]
    """Address of an empty PostgreSQL database."""
    seconds: float = 20.0
    """How long each rate is measured, and a service is asked while a replica of it is killed."""
    side: int = 1024
    """Pixels on the longer side of the photo."""
    replicas: tuple[int, ...] = (1, 2)
    """How many there are in turn; the most of them lose one."""


@dataclass(frozen=True)
class Found:
    """probe, picture: median milliseconds of a client that is alone. rate: pictures a second, of several.

    proxy: milliseconds of a core that a picture takes Ray's proxy, beyond what it takes idle. connections: with the
    database, of a replica.
    """

    probe: float
    picture: float
    rate: float
    proxy: float | None = None
    connections: float | None = None


def main(arguments: Arguments) -> None:
    settings = Settings(database_url=arguments.database, worker="external", open=True, queue_size=32, queue_share=1)
    with serving(database_url=arguments.database, queue_size=32, queue_share=1) as plain:
        found = {"the plain process": asyncio.run(measure(plain, arguments))}
    for count in arguments.replicas:
        with tempfile.TemporaryDirectory() as folder, on_a_cluster(settings, Path(folder), count) as cluster:
            found[f"replicas: {count}"] = asyncio.run(measure(cluster, arguments))
            if count < max(arguments.replicas):
                continue
            print(f"Photos of {arguments.side} pixels, one core for each process that paints.\n\n{costs(found)}")
            if count > 1:
                print(f"\n{asyncio.run(kill(cluster, arguments))}")


async def measure(service: Service | Cluster, arguments: Arguments) -> Found:
    photo, painters = sized(arguments.side), painting(service)
    for core, process in zip(sorted(os.sched_getaffinity(0)), painters, strict=False):
        confine(process, core)
    async with visiting(service) as visitors:
        await visitors.rate(photo, 2)  # every replica has painted
        probe = [await seconds(visitors) for _ in range(ASKED)]
        pictures = [(await visitors.paint(photo)).seconds for _ in range(ASKED // 10)]
        before = proxy_seconds(service)
        await asyncio.sleep(IDLE)
        idle = (proxy_seconds(service) - before) / IDLE
        before, begun = proxy_seconds(service), time.perf_counter()
        rate = await visitors.rate(photo, arguments.seconds, CLIENTS)
        took = time.perf_counter() - begun
    found = Found(1000 * statistics.median(probe), 1000 * statistics.median(pictures), rate)
    if isinstance(service, Service):
        return found
    proxy = 1000 * (proxy_seconds(service) - before - idle * took) / (rate * took)
    return replace(found, proxy=proxy, connections=connections(arguments.database) / len(painters))


def painting(service: Service | Cluster) -> list[psutil.Process]:
    """The processes that paint."""
    return [service.process] if isinstance(service, Service) else service.processes(REPLICA)


def confine(process: psutil.Process, core: int) -> None:
    """Leave a process one core: the threads it has, and those that they begin."""
    for thread in process.threads():
        os.sched_setaffinity(thread.id, {core})


async def seconds(visitors: Visitors) -> float:
    """That a probe takes."""
    begun = time.perf_counter()
    (await visitors.http.get("/healthz")).raise_for_status()
    return time.perf_counter() - begun


def proxy_seconds(service: Service | Cluster) -> float:
    """Of a core, that Ray's proxies have taken so far."""
    if isinstance(service, Service):
        return 0.0
    return sum(sum(process.cpu_times()[:2]) for process in service.processes(PROXY))


def connections(database: str) -> int:
    with psycopg.connect(database) as connection:
        query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        (count,) = connection.execute(query).fetchone() or (0,)
        return int(count)


def costs(found: dict[str, Found]) -> str:
    """A table; rates are also told as a part of as many times the rate of the first that is on Ray."""
    on_ray = [each for each in found.values() if each.proxy is not None]
    rows = []
    for name, each in found.items():
        replicas = int(name.rpartition(" ")[2]) if each.proxy is not None else 0
        linear = f"{each.rate / (replicas * on_ray[0].rate):.2f}" if replicas else ""
        more = ["" if value is None else f"{value:.1f}" for value in (each.proxy, each.connections)]
        rows.append((name, f"{each.probe:.1f}", f"{each.picture:.0f}", f"{each.rate:.2f}", linear, *more))
    head = (
        "",
        "/healthz, ms",
        "a picture, ms",
        "pictures/s",
        "of linear",
        "proxy, ms of a core a picture",
        "connections",
    )
    return table(head, rows)


async def kill(cluster: Cluster, arguments: Arguments) -> str:
    """What becomes of requests when a replica is killed among them."""
    photo, count = sized(arguments.side), len(cluster.processes(REPLICA))
    answers: list[Answer] = []
    stop = Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        patient = [pool.submit(insist, cluster.url, photo, stop) for _ in range(CLIENTS)]
        async with visiting(cluster) as visitors:

            async def ask() -> None:
                while not stop.is_set():
                    answers.append(await visitors.paint(photo))
                    if answers[-1].status != 200:
                        await asyncio.sleep(float(answers[-1].headers.get("retry-after", 1)))

            asking = [asyncio.create_task(ask()) for _ in range(CLIENTS)]
            await asyncio.sleep(arguments.seconds / 2)
            cluster.processes(REPLICA)[0].kill()
            killed = time.perf_counter()
            while len(cluster.processes(REPLICA)) < count or not await answering(visitors, count):
                await visitors.paint(photo)
            recovered = time.perf_counter() - killed
            await asyncio.sleep(arguments.seconds / 2)
            stop.set()
            await asyncio.gather(*asking)
        asked, got = map(sum, zip(*(future.result() for future in patient), strict=True))
    statuses = Counter(each.status for each in answers)
    told = all("retry-after" in each.headers for each in answers if each.status != 200)
    rows = [
        ("answers, by status; 0: none", ", ".join(f"{n} × {status}" for status, n in sorted(statuses.items()))),
        ("with Retry-After, of those but 200", "all" if told else "NOT ALL"),
        ("asked for by impasto.client, painted", f"{asked}, {got}"),
        (f"until {count} replicas paint again", f"{recovered:.0f} s"),
    ]
    return f"One of {count} replicas killed (-9), {2 * CLIENTS} clients:\n\n" + table(("", "found"), rows)


async def answering(visitors: Visitors, count: int) -> bool:
    """Whether so many replicas tell what they have measured."""
    seen = set()
    for _ in range(4 * count):
        text = (await visitors.http.get("/metrics")).text
        seen.add(text.partition('replica="')[2].partition('"')[0])
    return len(seen - {""}) == count


def insist(url: str, photo: bytes, stop: Event) -> tuple[int, int]:
    """How many pictures were asked for by `impasto.client`, one after the other, and how many it got."""
    asked = got = 0
    with Client(url) as client:
        style = client.styles()[0]["id"]
        while not stop.is_set():
            asked += 1
            with suppress(ServiceError, httpx.HTTPError):
                got += client.stylize(photo, {style: 1}).size == decode(photo).size
    return asked, got


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
