"""What is measured while the service runs, for Prometheus. No label is a style, a client or a key: they are endless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, start_http_server

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Upper ends of durations, those of OpenTelemetry's http.server.request.duration."""
PICTURES = (1, 2, 4, 8, 16, 32)
"""Upper ends of a batch's pictures."""


class Metrics:
    """Every metric of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.build = Info("impasto_build", "What is running.", registry=self.registry)
        self.requests = Histogram(
            "http_server_request_duration_seconds",
            "Seconds from a request's headers to the end of its answer.",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.rejections = Counter(
            "impasto_rejections", "Requests answered with a problem, by its code.", ["code"], registry=self.registry
        )
        self.stages = Histogram(
            "impasto_stage_duration_seconds",
            "Seconds of a painting in decode, queue, inference, encode, as in Server-Timing.",
            ["stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.queue_requests = self._gauge("impasto_queue_requests", "Requests being painted or waiting.")
        self.queue_pixels = self._gauge("impasto_queue_pixels", "Pixels being painted or waiting, of all levels.")
        self.device_memory = self._gauge("impasto_device_memory_bytes", "Memory of the device taken by this process.")
        self.batch_pictures = Histogram(
            "impasto_batch_pictures", "Pictures painted at once.", buckets=PICTURES, registry=self.registry
        )
        self.painted_pixels = Counter(
            "impasto_painted_pixels", "Pixels painted, of all levels.", registry=self.registry
        )
        self.answers = Counter(
            "impasto_answers",
            "Paintings answered, by origin: painted, kept in memory, or not_modified as the client has it.",
            ["origin"],
            registry=self.registry,
        )

    def observe_stages(self, seconds: Mapping[str, float]) -> None:
        """Seconds by stage, as they have passed."""
        for stage, duration in seconds.items():
            self.stages.labels(stage).observe(duration)

    @contextmanager
    def served(self, address: str | None) -> Iterator[None]:
        """Answer at an address of their own, such as 0.0.0.0:9464, in threads of their own; None: nowhere."""
        if address is None:
            yield
            return
        host, _, port = address.rpartition(":")
        server, thread = start_http_server(int(port), host.strip("[]"), self.registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(name, documentation, registry=self.registry)
