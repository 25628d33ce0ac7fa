"""A real service tells a collector what a request took, and where."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.app.test_server import FORM, picture, serving


@contextmanager
def collector() -> Iterator[tuple[str, list[Span]]]:
    """What listens for spans, as its URL, and the spans that have come."""
    spans: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            sent = ExportTraceServiceRequest.FromString(body)
            spans.extend(span for one in sent.resource_spans for scope in one.scope_spans for span in scope.spans)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", spans
        finally:
            server.shutdown()
            thread.join()


def test_a_painting_is_a_span_with_its_stages_within_and_is_found_by_its_request_id(
    tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = "0af7651916cd43dd8448eb211c80319c"
    with collector() as (url, spans):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        with serving(tiny_checkpoint_file, data_dir=tmp_path) as service:
            headers = {"X-Request-Id": "find-me", "traceparent": f"00-{parent}-b7ad6b7169203331-01"}
            answer = httpx2.post(f"{service}/v1/stylize", data=FORM, files=picture(64), headers=headers)
            assert answer.status_code == 200
            httpx2.get(f"{service}/healthz")
    (request,) = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert request.name == "POST /v1/stylize" and request.trace_id.hex() == parent
    attributes = {each.key: each.value for each in request.attributes}
    assert attributes["impasto.request_id"].string_value == "find-me"
    assert attributes["http.response.status_code"].int_value == 200
    stages = sorted((span for span in spans if span is not request), key=lambda span: span.start_time_unix_nano)
    assert [span.name for span in stages] == ["decode", "queue", "inference", "encode"]
    for span in stages:
        assert span.parent_span_id == request.span_id and span.trace_id == request.trace_id
        assert request.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= request.end_time_unix_nano
