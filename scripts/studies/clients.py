"""Clients that ask a service for pictures, for locust, which replaces Python's sockets: in a process of its own.

    python -m impasto.scripts.studies.clients URL PHOTOS NETWORK CLIENTS SECONDS

PHOTOS is a folder of JPEG files. Each client sends the next one, in the next style, as soon as it is answered, to be
painted by NETWORK, large or small; one more asks for /healthz. Prints what they saw as JSON, as `Load` of the benchmark
has it.
"""

from __future__ import annotations

import json
import sys
from itertools import count, product
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant, task
from locust.env import Environment
from requests import Request, get  # not before locust, which replaces what it stands on

STAGES = ("decode", "queue", "inference", "encode")


class Client(FastHttpUser):
    """Asks for one picture after the other; a tenth of Retry-After later when it is refused."""

    forms: list[tuple[Any, str]] = []  # noqa: RUF012 (written once for all, since clients should cost little)
    turns = count()

    @task
    def paint(self) -> None:
        body, kind = self.forms[next(self.turns) % len(self.forms)]
        headers = {"Content-Type": kind}
        with self.client.post("/v1/stylize", body, headers=headers, name="paint", catch_response=True) as answer:
            if answer.status_code == 429:
                answer.request_meta["name"] = "refused"
                answer.success()
                gevent.sleep(float(answer.headers["Retry-After"]) / 10)
            elif answer.status_code == 200:
                for part in answer.headers["Server-Timing"].split(", "):
                    name, _, duration = part.partition(";dur=")
                    measured = {"response_time": float(duration), "response_length": 0, "exception": None}
                    self.environment.events.request.fire(request_type="stage", name=name, context={}, **measured)


class Probe(FastHttpUser):
    """Looks whether the service lives."""

    fixed_count = 1
    wait_time = constant(0.05)

    @task
    def look(self) -> None:
        self.client.get("/healthz", name="healthz")


def main(url: str, photos: Path, network: str, clients: int, seconds: float) -> None:
    environment = Environment(user_classes=[Client, Probe], host=url, stop_timeout=60)  # what was asked is answered
    styles = [style["id"] for style in get(f"{url}/v1/styles", timeout=60).json()["styles"]]
    for style, photo in product(styles, sorted(photos.iterdir())):
        files = {"image": ("photo.jpg", photo.read_bytes())}
        form = Request("POST", url, data={"style": style, "network": network}, files=files).prepare()
        Client.forms.append((form.body, str(form.headers["Content-Type"])))
    runner = environment.create_local_runner()
    runner.start(clients + Probe.fixed_count, spawn_rate=clients + Probe.fixed_count)
    gevent.spawn_later(seconds, runner.quit)
    runner.greenlet.join()
    if environment.stats.errors:
        sys.exit(
            "; ".join(f"{each.occurrences} × {each.name}: {each.error}" for each in environment.stats.errors.values())
        )
    painted, health = environment.stats.get("paint", "POST"), environment.stats.get("healthz", "GET")
    found = {
        "rate": painted.total_rps,
        "latencies": [painted.get_response_time_percentile(share) for share in (0.5, 0.95, 0.99)],
        "stages": [environment.stats.get(stage, "stage").median_response_time for stage in STAGES],
        "refused": environment.stats.get("refused", "POST").num_requests,
        "health": health.get_response_time_percentile(0.99),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
