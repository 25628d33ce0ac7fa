"""Whatever is sent to the service, its answer is one that is documented, and never a fault of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.pictures.images import ImageError
from tests.hostile import bodies, packs
from tests.hostile.files import KINDS
from tests.hostile.polyglots import hidden
from tests.pictures import encoded, opened, photo

EACH = 12
"""Of so many hostile files, one is sent here; all are decoded in tests/model/pictures/test_hostile.py."""
pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses, or reads all the same


@pytest.fixture(scope="module")
def documented(client: TestClient) -> Any:
    """Path -> method -> the statuses that the document tells of."""
    paths = client.get("/openapi.json").json()["paths"]
    return {
        path: {method: {int(status) for status in told["responses"]} for method, told in methods.items()}
        for path, methods in paths.items()
    }


def refused(answer: Any, statuses: set[int]) -> bool:
    """Whether an answer is a documented problem of whoever asked."""
    assert answer.status_code in statuses and answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return False
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_file_is_painted_or_refused(client: TestClient, documented: Any, kind: str) -> None:
    for case in list(KINDS[kind]())[::EACH]:
        answer = client.post("/v1/stylize", data={"style": "great-wave"}, files={"image": case.data})
        if refused(answer, documented["/v1/stylize"]["post"]):
            tiny = answer.json()["code"] in ("image_too_small", "too_many_bytes")
            assert tiny or case.expected is None or isinstance(case.expected, type), case.name
        else:
            assert not (isinstance(case.expected, type) and issubclass(case.expected, ImageError)), case.name
            assert opened(answer.content).size
            assert not hidden(answer.content)


def test_a_hostile_form_is_painted_or_refused(client: TestClient, documented: Any) -> None:
    statuses = documented["/v1/stylize"]["post"]
    answers = {}
    for name, (kind, body) in bodies.cases():
        answers[name] = client.post("/v1/stylize", content=body, headers={b"Content-Type": kind})
    assert answers["as it should be"].status_code == 200
    painted = [name for name, answer in answers.items() if not refused(answer, statuses)]
    assert len(painted) > 10
    assert all(opened(answers[name].content).size == (32, 32) for name in painted)


def test_a_hostile_pack_is_refused_and_changes_nothing(
    client: TestClient, documented: Any, tiny_checkpoint: Checkpoint
) -> None:
    assert tiny_checkpoint.read_pack(packs.signed(tiny_checkpoint.pack("great-wave", b""), {})).style.id == "a"
    statuses, before = documented["/v1/styles/{style_id}/pack"]["put"], client.get("/v1/styles").json()
    for name, data in packs.cases(tiny_checkpoint.pack("great-wave", b"")):
        answer = client.put("/v1/styles/hostile/pack", content=data)
        assert refused(answer, statuses), name
        assert answer.json()["code"] in ("invalid_pack", "foreign_pack", "missing_field", "too_many_bytes"), name
    assert client.get("/v1/styles").json() == before


@pytest.fixture
def odd(client: TestClient, request: pytest.FixtureRequest, tiny_checkpoint: Checkpoint) -> Iterator[str]:
    """An added style of an odd pack, by its id."""
    data = packs.odd(tiny_checkpoint.pack("great-wave", b""), request.param)
    assert client.put("/v1/styles/odd/pack", content=data).status_code == 201
    yield "odd"
    client.delete("/v1/styles/odd")


@pytest.mark.parametrize("odd", packs.ODD, indirect=True)
def test_an_odd_style_paints_and_is_shown(client: TestClient, odd: str) -> None:
    assert opened(client.get(f"/v1/styles/{odd}/preview").content).format == "JPEG"
    assert odd in {style["id"] for style in client.get("/v1/styles").json()["styles"]}
    photos = {"image": encoded(photo(height=40, width=48))}
    for stroke in ("1", "native"):
        answer = client.post("/v1/stylize", data={"style": odd, "stroke": stroke}, files=photos)
        assert opened(answer.content).size == (48, 40)
