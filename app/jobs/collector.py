"""The number of jobs, for Prometheus: counted in their database when it asks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import get_args

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from impasto.app.database import StoreUnavailable
from impasto.app.jobs.jobs import Jobs, State
from impasto.app.jobs.requests import Kind


class JobsCollector(Collector):
    """Every replica on one database tells the same numbers; none, while the database cannot be used."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "impasto_jobs", "Jobs in the database, those that ended in the last week too.", labels=["kind", "state"]
        )
        try:
            count = self._jobs.count()
        except StoreUnavailable:
            return
        for kind, state in product(get_args(Kind), get_args(State)):
            family.add_metric([kind, state], count[kind, state])
        yield family
