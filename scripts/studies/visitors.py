"""Visitors of a service, from this process: as many at once as a study wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

from impasto.scripts.studies.replicas import Cluster
from impasto.scripts.studies.service import Service

AT_ONCE = 4
"""Visitors who ask for the next picture when they have one, while it is measured how many the service paints."""
CHUNK = 2**20
BOUNDARY = "impasto"


@dataclass(frozen=True)
class Answer:
    """status: 0 where there was none. seconds: from the beginning of the request to the end of the answer."""

    status: int
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Visitors:
    """http: for other requests. styles: ids of all styles; the first is painted where none is named."""

    def __init__(self, http: httpx.AsyncClient, styles: list[str]) -> None:
        self.http, self.styles = http, styles

    async def paint(self, photo: bytes, **form: str) -> Answer:
        """A photo, painted; status 0 where the connection came to its end. The photo is not copied."""
        fields = {"style": self.styles[0], **form}
        head = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="photo"\r\n\r\n'
        body = head.encode(), photo, f"\r\n--{BOUNDARY}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(sum(map(len, body))),
        }
        started = time.perf_counter()
        with suppress(httpx.TransportError):
            answer = await self.http.post("/v1/stylize", content=_chunks(*body), headers=headers)
            return Answer(answer.status_code, time.perf_counter() - started, answer.headers, answer.content)
        return Answer(0, time.perf_counter() - started)

    async def rate(self, photo: bytes, seconds: float, clients: int = AT_ONCE) -> float:
        """How many pictures a second the service paints for so many clients, after a first one."""
        await self.paint(photo)
        started, count = time.perf_counter(), 0

        async def one() -> None:
            nonlocal count
            while time.perf_counter() - started < seconds:
                answer = await self.paint(photo)  # not added to a count that was looked up before
                count += answer.status == 200

        await asyncio.gather(*(one() for _ in range(clients)))
        return count / (time.perf_counter() - started)

    async def ask_at(self, rate: float, seconds: float, photo: bytes) -> list[Answer]:
        """So many requests a second, whether or not those before have been answered."""
        started, asked = time.perf_counter(), []
        for turn in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, started + turn / rate - time.perf_counter()))
            asked.append(asyncio.create_task(self.paint(photo)))
        return list(await asyncio.gather(*asked))

    async def until_let_in(self, photo: bytes) -> float:
        """Seconds until a photo is not refused any more; it is not painted."""
        started = time.perf_counter()
        while True:
            asked = time.perf_counter() - started
            asking = asyncio.create_task(self.paint(photo))
            done, _ = await asyncio.wait({asking}, timeout=0.5)
            if not done or asking.result().status == 200:  # who is refused is told at once
                asking.cancel()
                return asked
            await asyncio.sleep(0.05)


@asynccontextmanager
async def visiting(service: Service | Cluster) -> AsyncIterator[Visitors]:
    """With as many connections as are asked for, and all the time that an answer takes."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=service.url, limits=limits, timeout=300) as http:
        listed = (await http.get("/v1/styles")).json()
        yield Visitors(http, [style["id"] for style in listed["styles"]])


async def _chunks(*body: bytes) -> AsyncIterator[bytes]:
    for part in body:
        for start in range(0, len(part), CHUNK):
            yield part[start : start + CHUNK]
