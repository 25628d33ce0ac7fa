"""HEAD: what GET would answer, without its body."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/v1/info", "/v1/styles", "/v1/styles/great-wave", "/v1/styles/great-wave/preview",
     "/v1/styles/great-wave/pack", "/openapi.json", "/docs", "/", "/main.js", "/v1/styles/none", "/v1/jobs/none"],
)  # fmt: skip
def test_what_can_be_fetched_has_a_head(client: TestClient, path: str) -> None:
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    for name in ("content-type", "content-length", "etag"):
        if whole.status_code == 200:
            assert head.headers.get(name) == whole.headers.get(name)


def test_what_can_only_be_sent_to_has_none(client: TestClient) -> None:
    assert client.head("/v1/stylize").status_code == 405
