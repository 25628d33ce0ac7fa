from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient

from impasto.app.main import create_app
from impasto.app.settings import Settings
from tests.pictures import opened


def test_all_styles_are_listed_with_what_is_known_of_them(client: TestClient) -> None:
    styles = client.get("/v1/styles").json()["styles"]
    assert [style["id"] for style in styles] == ["great-wave", "starry-night", "the-scream"]
    assert styles[1] == {
        "id": "starry-night",
        "title": "The Starry Night",
        "artist": "Vincent van Gogh",
        "year": "1889",
        "licence": "public domain",
        "source": "",
        "origin": "built-in",
        "networks": ["large", "small"],
        "verdict": None,
        "losses": {},
        "created": None,
    }


def test_one_style_is_found_by_its_id(client: TestClient) -> None:
    assert client.get("/v1/styles/the-scream").json()["artist"] == "Edvard Munch"


def test_an_unknown_style_is_a_404_with_the_nearest_ids(client: TestClient) -> None:
    for path in ("/v1/styles/scream", "/v1/styles/scream/preview"):
        response = client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "unknown_style")
        assert response.json()["nearest"] == ["the-scream"]


def test_a_preview_is_painted_in_its_style(client: TestClient) -> None:
    one, other = (client.get(f"/v1/styles/{style}/preview") for style in ("the-scream", "great-wave"))
    assert one.headers["content-type"] == "image/jpeg"
    assert opened(one.content).size == (451, 300)
    assert one.content != other.content


def test_a_page_may_ask_for_more_previews_at_once_than_the_queue_has_places(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"queue_size": 1}))) as client, ThreadPoolExecutor() as pool:
        paths = [f"/v1/styles/{style}/preview" for style in ("great-wave", "starry-night", "the-scream")]
        assert [answer.status_code for answer in pool.map(client.get, paths)] == [200, 200, 200]


def test_a_preview_that_the_client_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/v1/styles/the-scream/preview")
    again = client.get("/v1/styles/the-scream/preview", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
