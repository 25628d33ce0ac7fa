"""The network and its styles as files."""

from __future__ import annotations

import base64

import numpy as np
import onnx
import pytest
from fastapi.testclient import TestClient

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.pack import StylePack
from impasto.model.styles.style import Style


@pytest.fixture
def address(tiny_checkpoint: Checkpoint) -> str:
    return f"/v1/networks/{tiny_checkpoint.network_id}"


def test_the_network_is_a_file_that_is_kept_for_ever(
    client: TestClient, tiny_checkpoint: Checkpoint, address: str
) -> None:
    answer = client.get(f"{address}.onnx")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert answer.headers["cache-control"] == "max-age=31536000, immutable"
    model = onnx.load_from_string(answer.content)
    facts = {each.key: each.value for each in model.metadata_props}
    assert facts["network_id"] == tiny_checkpoint.network_id
    again = client.get(f"{address}.onnx", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_styles_come_with_their_vectors_and_are_asked_for_again_by_their_etag(
    client: TestClient, tiny_checkpoint: Checkpoint, address: str
) -> None:
    answer = client.get(f"{address}/styles")
    known = answer.json()
    assert (known["network_id"], known["strokes"]["canonical"]) == (tiny_checkpoint.network_id, 512)
    vectors = {each["id"]: np.frombuffer(base64.b64decode(each["vector"]), "<f2") for each in known["styles"]}
    assert {*vectors} >= {*tiny_checkpoint.styles.ids}
    np.testing.assert_array_equal(vectors["the-scream"], tiny_checkpoint.styles.vectors[2].half())
    asked = {"If-None-Match": answer.headers["etag"]}
    assert client.get(f"{address}/styles", headers=asked).status_code == 304
    pack = StylePack(Style("new-here", "New"), tiny_checkpoint.styles.vectors[0], tiny_checkpoint.network_id)
    client.put("/v1/styles/new-here/pack", content=pack.to_bytes()).raise_for_status()
    try:
        assert "new-here" in [each["id"] for each in client.get(f"{address}/styles", headers=asked).json()["styles"]]
    finally:
        client.delete("/v1/styles/new-here").raise_for_status()


def test_the_small_network_has_files_of_its_own(client: TestClient, tiny_checkpoint: Checkpoint) -> None:
    small = tiny_checkpoint.of("small")
    known = client.get(f"/v1/networks/{small.network_id}/styles").json()
    assert (known["network_id"], known["style_size"]) == (small.network_id, small.network.style_size)
    model = onnx.load_from_string(client.get(f"/v1/networks/{small.network_id}.onnx").content)
    assert {each.key: each.value for each in model.metadata_props}["network_id"] == small.network_id


@pytest.mark.parametrize("path", ["/v1/networks/other.onnx", "/v1/networks/other/styles"])
def test_another_network_is_not_here(client: TestClient, tiny_checkpoint: Checkpoint, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_network")
    assert tiny_checkpoint.network_id in answer.json()["detail"]
