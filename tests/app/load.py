"""Visitors of the service, for locust: what many people do at once, and what some do that they should not.

locust --locustfile tests/app/load.py --headless --users 40 --run-time 60s --host http://127.0.0.1:8000
"""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

from locust import HttpUser, constant_throughput, task
from requests.exceptions import RequestException

from tests.pictures import encoded, photo

PHOTOS = [
    encoded(photo(seed, height=height, width=width), "JPEG")
    for seed, (height, width) in enumerate([(64, 64), (96, 64), (200, 300), (480, 640)])
]
"""Of few sizes, so that pictures share batches, and of more than one."""


class Visitor(HttpUser):
    """Paints, blends, looks around, leaves too early and sends nonsense; comes back later when asked to."""

    wait_time = constant_throughput(10)

    def on_start(self) -> None:
        self.styles = [style["id"] for style in self.client.get("/v1/styles", name="styles").json()["styles"]]

    @task(8)
    def paint(self) -> None:
        self._post("paint", {"style": random.choice(self.styles)})

    @task(4)
    def blend(self) -> None:
        weight = random.random()
        self._post("blend", {"style": random.sample(self.styles, 2), "weight": [weight, 1 - weight]})

    @task
    def grid(self) -> None:
        self._post(
            "grid", {"blend": [f"{style}=1" for style in random.sample(self.styles, 3)]}, path="/v1/stylize/grid"
        )

    @task
    def leave(self) -> None:
        with suppress(RequestException), self.client.rename_request("leave"):
            form = {"style": self.styles[0]}
            with self.client.post(
                "/v1/stylize", data=form, files={"image": PHOTOS[-1]}, timeout=0.02, catch_response=True
            ) as answer:
                answer.success()

    @task
    def nonsense(self) -> None:
        faults: list[tuple[dict[str, Any], bytes, int]] = [
            ({"style": "no-such-style"}, PHOTOS[0], 404),
            ({"style": self.styles[0]}, PHOTOS[0][:200], 400),
            ({"style": self.styles[0], "strength": "2"}, PHOTOS[0], 422),
        ]
        form, image, status = random.choice(faults)
        self._post("nonsense", form, image=image, expected=status)

    @task
    def look(self) -> None:
        self.client.get("/v1/styles", name="styles")
        self.client.get(f"/v1/styles/{random.choice(self.styles)}/preview", name="preview")

    @task
    def probe(self) -> None:
        self.client.get("/healthz", name="healthz")

    def _post(
        self,
        name: str,
        form: dict[str, Any],
        *,
        image: bytes | None = None,
        expected: int = 200,
        path: str = "/v1/stylize",
    ) -> None:
        files = {"image": image or random.choice(PHOTOS)}
        with self.client.post(path, data=form, files=files, name=name, catch_response=True) as answer:
            if answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1:
                answer.success()
            elif answer.status_code != expected:
                answer.failure(f"{answer.status_code} instead of {expected}: {answer.text[:200]}")
            else:
                answer.success()
