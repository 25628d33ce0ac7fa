"""Traces for OpenTelemetry: every request is a span, and the stages of a painting are spans within.

Where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector, FastAPI sends them there; else a span is nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

PROBES = {"/healthz", "/readyz", "/metrics"}
"""Asked for every few seconds: their traces would hide the others."""

TELEMETRY: TelemetryConfig = {
    "auto_configure": True,
    "metrics": False,  # Prometheus asks for them
    "logs": False,  # they have stack traces
    "operation_spans": False,
    "exclude": lambda scope: scope.get("path") in PROBES,
}


def trace_stages(seconds: Mapping[str, float]) -> None:
    """Spans of stages that have just come to an end, one after the other."""
    tracer, start = trace.get_tracer("impasto"), time.time_ns() - round(sum(seconds.values()) * 1e9)
    for stage, duration in seconds.items():
        end = start + round(duration * 1e9)
        tracer.start_span(stage, start_time=start).end(end)
        start = end
