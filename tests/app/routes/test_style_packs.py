"""Exporting, importing, editing and removing styles over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient

from impasto.app.database import StoreUnavailable
from impasto.app.main import create_app
from impasto.app.painting.admission import QueueFull
from impasto.app.settings import Settings
from impasto.app.styles.store import StyleStore
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import SmallVector, StylePack
from impasto.model.styles.style import Style
from tests.pictures import encoded, opened, photo

STYLE = Style("my-style", "My Style", "Zoë", "2026", "CC0", "https://example.org")


@pytest.fixture
def pack(tiny_checkpoint: Checkpoint) -> StylePack:
    random = torch.Generator().manual_seed(5)
    vector = tiny_checkpoint.network.identity_style()
    vector = vector + 0.5 * torch.randn(len(vector), generator=random)
    return StylePack(STYLE, vector, tiny_checkpoint.network_id, FitRecord(losses={"style_distance": 0.5}), b"")


@pytest.fixture
def own_settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path / "data"})


@pytest.fixture
def service(own_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(own_settings)) as client:
        yield client


def import_pack(service: TestClient, pack: StylePack, style_id: str = "my-style") -> Any:
    return service.put(f"/v1/styles/{style_id}/pack", content=pack.to_bytes())


def ids(service: TestClient) -> list[str]:
    return [style["id"] for style in service.get("/v1/styles").json()["styles"]]


def paint(service: TestClient, **form: Any) -> Any:
    files = {"image": ("photo.png", encoded(photo(1)))}
    return service.post("/v1/stylize", data={"recipe": "false", **form}, files=files)


BUILT_IN = ["great-wave", "starry-night", "the-scream"]


def test_an_imported_style_is_shown_with_what_is_known_of_it(service: TestClient, pack: StylePack) -> None:
    answer = import_pack(service, pack)
    assert answer.status_code == 201
    created = answer.json().pop("created")
    assert created.endswith("+00:00")
    assert answer.json() == service.get("/v1/styles/my-style").json()
    assert answer.json() == {
        "id": "my-style",
        "title": "My Style",
        "artist": "Zoë",
        "year": "2026",
        "licence": "CC0",
        "source": "https://example.org",
        "origin": "added",
        "networks": ["large"],
        "losses": {"style_distance": 0.5},
        "verdict": None,
        "created": created,
    }
    assert ids(service) == [*BUILT_IN, "my-style"]


def test_an_imported_style_paints_and_blends(service: TestClient, pack: StylePack) -> None:
    before = paint(service, style="great-wave").content
    import_pack(service, pack)
    alone = paint(service, style="my-style")
    blend = paint(service, style=["my-style", "great-wave"], weight="0.5")
    assert alone.status_code == blend.status_code == 200
    assert len({before, alone.content, blend.content}) == 3
    assert paint(service, style="great-wave").content == before


def test_an_imported_style_is_painted_by_the_small_network_if_its_pack_has_a_vector_for_it(
    service: TestClient, pack: StylePack, tiny_checkpoint: Checkpoint
) -> None:
    import_pack(service, pack, "large-only")
    response = paint(service, style="large-only", network="small")
    assert (response.status_code, response.json()["code"]) == (409, "not_of_small_network")
    assert "large-only was fitted to the large network only" in response.json()["detail"]
    small = tiny_checkpoint.of("small")
    vector = small.styles.blend({"great-wave": 1.0})
    answer = import_pack(service, replace(pack, small=SmallVector(vector, small.network_id)), "both")
    assert answer.json()["networks"] == service.get("/v1/styles/both").json()["networks"] == ["large", "small"]
    painted, expected = (paint(service, style=style, network="small") for style in ("both", "great-wave"))
    assert np.array_equal(np.asarray(opened(painted.content)), np.asarray(opened(expected.content)))
    exported = service.get("/v1/styles/both/pack").content
    again = tiny_checkpoint.read_pack(exported).small
    assert again and torch.equal(again.vector, vector)
    assert tiny_checkpoint.read_pack(service.get("/v1/styles/great-wave/pack").content).small


def test_a_style_is_imported_under_the_id_of_its_address(service: TestClient, pack: StylePack) -> None:
    assert import_pack(service, pack, "another-name").json()["id"] == "another-name"
    assert ids(service) == [*BUILT_IN, "another-name"]


def test_importing_the_same_pack_again_changes_nothing(service: TestClient, pack: StylePack) -> None:
    first = import_pack(service, pack)
    again = import_pack(service, pack)
    assert (again.status_code, again.json()) == (200, first.json())


def test_importing_another_pack_under_an_id_that_is_taken_is_refused(service: TestClient, pack: StylePack) -> None:
    import_pack(service, pack)
    exported = service.get("/v1/styles/my-style/pack").content
    other = replace(pack, vector=pack.vector + 1)
    for style_id in ("my-style", "great-wave"):
        answer = import_pack(service, other, style_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "style_exists")
    assert service.get("/v1/styles/my-style/pack").content == exported


@pytest.mark.parametrize("style_id", ["My-Style", "a--b", "-a", "a_b", "x" * 65])
def test_an_id_that_is_no_slug_is_refused(service: TestClient, pack: StylePack, style_id: str) -> None:
    answer = import_pack(service, pack, style_id)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "letters and digits joined by hyphens" in answer.json()["detail"]
    assert ids(service) == BUILT_IN


def test_an_exported_pack_is_the_style(service: TestClient, pack: StylePack) -> None:
    import_pack(service, pack)
    answer = service.get("/v1/styles/my-style/pack")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-style.safetensors"'
    exported = StylePack.from_bytes(answer.content, network_id=pack.network_id, style_size=len(pack.vector))
    assert torch.equal(exported.vector, pack.vector)
    assert (exported.style, exported.fit) == (pack.style, pack.fit)
    assert max(opened(exported.preview).size) == 96


def test_a_built_in_style_can_be_exported_and_imported_under_another_id(service: TestClient) -> None:
    exported = service.get("/v1/styles/the-scream/pack").content
    assert service.put("/v1/styles/my-scream/pack", content=exported).status_code == 201
    assert paint(service, style="my-scream").content == paint(service, style="the-scream").content


def test_an_added_style_has_a_preview(service: TestClient, pack: StylePack) -> None:
    import_pack(service, pack)
    answer = service.get("/v1/styles/my-style/preview")
    assert opened(answer.content).size == (451, 300)
    again = service.get("/v1/styles/my-style/preview", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_what_is_known_of_a_style_can_be_changed(service: TestClient, pack: StylePack) -> None:
    import_pack(service, pack)
    answer = service.patch("/v1/styles/my-style", json={"title": "Other", "year": ""})
    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["year"], answer.json()["artist"]) == ("Other", "", "Zoë")
    assert service.get("/v1/styles/my-style").json() == answer.json()


def test_a_style_can_get_another_id(service: TestClient, pack: StylePack) -> None:
    import_pack(service, pack)
    before = paint(service, style="my-style").content
    assert service.patch("/v1/styles/my-style", json={"id": "renamed"}).json()["id"] == "renamed"
    assert ids(service) == [*BUILT_IN, "renamed"]
    assert paint(service, style="renamed").content == before
    assert paint(service, style="my-style").status_code == 404


@pytest.mark.parametrize(
    ("edit", "status", "code"),
    [
        ({"id": "great-wave"}, 409, "style_exists"),
        ({"id": "Not A Slug"}, 422, "invalid_request"),
        ({"title": ""}, 422, "invalid_field"),
        ({"title": "a\x00b"}, 422, "invalid_request"),
        ({"vector": [1, 2]}, 422, "invalid_field"),
        ({"title": 5}, 422, "invalid_field"),
        ([], 422, "invalid_field"),
    ],
)
def test_an_edit_that_cannot_be_made_changes_nothing(
    service: TestClient, pack: StylePack, edit: Any, status: int, code: str
) -> None:
    before = import_pack(service, pack).json()
    answer = service.patch("/v1/styles/my-style", json=edit)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert service.get("/v1/styles/my-style").json() == before


def test_a_removed_style_is_gone(service: TestClient, pack: StylePack) -> None:
    import_pack(service, pack)
    assert service.delete("/v1/styles/my-style").status_code == 204
    assert ids(service) == BUILT_IN
    assert paint(service, style="my-style").status_code == 404
    assert import_pack(service, replace(pack, vector=pack.vector + 1)).status_code == 201


def test_a_built_in_style_cannot_be_changed_or_removed(service: TestClient) -> None:
    for answer in (
        service.delete("/v1/styles/great-wave"),
        service.patch("/v1/styles/great-wave", json={"title": "x"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "built_in_style")
    assert ids(service) == BUILT_IN


def test_an_unknown_style_can_be_neither_exported_nor_changed_nor_removed(service: TestClient) -> None:
    address = "/v1/styles/great-wafe"
    for answer in (service.get(f"{address}/pack"), service.patch(address, json={}), service.delete(address)):
        assert (answer.status_code, answer.json()["nearest"]) == (404, ["great-wave"])


@pytest.mark.parametrize(
    ("broken", "status", "code"),
    [
        (lambda pack: b"", 422, "missing_field"),
        (lambda pack: b"no pack", 400, "invalid_pack"),
        (lambda pack: pack.to_bytes()[:500], 400, "invalid_pack"),
        (lambda pack: bytes(150_000), 400, "invalid_pack"),
        (lambda pack: bytes(50_000_000), 413, "too_many_bytes"),
        (lambda pack: replace(pack, vector=pack.vector / 0).to_bytes(), 400, "invalid_pack"),
        (lambda pack: replace(pack, network_id="f" * 16).to_bytes(), 409, "foreign_pack"),
    ],
)
def test_what_is_no_pack_for_this_network_is_refused(
    service: TestClient, pack: StylePack, broken: Any, status: int, code: str
) -> None:
    answer = service.put("/v1/styles/my-style/pack", content=broken(pack))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ids(service) == BUILT_IN


def test_added_styles_are_there_after_a_restart(own_settings: Settings, pack: StylePack) -> None:
    with TestClient(create_app(own_settings)) as first:
        import_pack(first, pack)
        painted = paint(first, style="my-style").content
    with TestClient(create_app(own_settings)) as second:
        until(lambda: "my-style" in ids(second))
        assert paint(second, style="my-style").content == painted


def until(holds: Any, *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.05)


def test_every_replica_sees_what_another_changes(settings: Settings, database_url: str, pack: StylePack) -> None:
    shared = settings.model_copy(update={"database_url": database_url})
    with TestClient(create_app(shared)) as one, TestClient(create_app(shared)) as other:
        import_pack(one, pack)
        until(lambda: ids(other) == [*BUILT_IN, "my-style"])
        assert paint(other, style="my-style").content == paint(one, style="my-style").content
        other.patch("/v1/styles/my-style", json={"title": "Other"})
        until(lambda: one.get("/v1/styles/my-style").json()["title"] == "Other")
        one.delete("/v1/styles/my-style")
        until(lambda: ids(other) == BUILT_IN)


def test_two_replicas_that_change_different_fields_at_once_lose_neither(
    settings: Settings, database_url: str, pack: StylePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit, both = StyleStore.edit, threading.Barrier(2)

    def at_once(*arguments: Any) -> Any:
        both.wait(10)
        return edit(*arguments)

    shared = settings.model_copy(update={"database_url": database_url})
    with TestClient(create_app(shared)) as one, TestClient(create_app(shared)) as other:
        import_pack(one, pack)
        until(lambda: ids(other) == [*BUILT_IN, "my-style"])
        monkeypatch.setattr(StyleStore, "edit", at_once)
        with ThreadPoolExecutor(2) as pool:
            changes = [(one, {"title": "Other"}), (other, {"artist": "Ada"})]
            answers = pool.map(lambda change: change[0].patch("/v1/styles/my-style", json=change[1]), changes)
            assert [answer.status_code for answer in answers] == [200, 200]
        until(lambda: one.get("/v1/styles/my-style").json() == other.get("/v1/styles/my-style").json())
        shown = one.get("/v1/styles/my-style").json()
        assert (shown["title"], shown["artist"]) == ("Other", "Ada")


def test_a_change_that_is_made_succeeds_though_looking_again_fails(
    service: TestClient, pack: StylePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_pack(service, pack)
    edit, changes, failing = StyleStore.edit, StyleStore.changes, threading.Event()

    def edit_then_fail(*arguments: Any) -> Any:
        stored = edit(*arguments)
        failing.set()
        return stored

    def look(store: StyleStore) -> int:
        if failing.is_set():
            raise StoreUnavailable("gone")
        return changes(store)

    monkeypatch.setattr(StyleStore, "edit", edit_then_fail)
    monkeypatch.setattr(StyleStore, "changes", look)
    answer = service.patch("/v1/styles/my-style", json={"id": "renamed", "title": "Other"})
    assert (answer.status_code, answer.json()["id"], answer.json()["title"]) == (200, "renamed", "Other")
    failing.clear()
    until(lambda: ids(service) == [*BUILT_IN, "renamed"])


@pytest.mark.parametrize(
    ("method", "address"),
    [("get", "/v1/styles/the-scream/preview"), ("get", "/v1/styles/the-scream/pack"), ("put", "/v1/styles/new/pack")],
)
def test_where_a_full_queue_answers_it_is_documented(
    service: TestClient, pack: StylePack, monkeypatch: pytest.MonkeyPatch, method: str, address: str
) -> None:
    async def full(*_: Any) -> None:
        raise QueueFull(3)

    monkeypatch.setattr("impasto.app.painting.batcher.Batcher.paint", full)
    answer = service.request(method, address, content=pack.to_bytes())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    documented = service.get("/openapi.json").json()["paths"][
        "/v1/styles/{style_id}/" + address.rsplit("/", maxsplit=1)[-1]
    ]
    assert "429" in documented[method]["responses"]


def test_the_catalogue_looks_on_whatever_went_wrong(
    own_settings: Settings, pack: StylePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.app.styles.catalogue.INTERVAL", 0.05)
    failed = threading.Event()
    changes = StyleStore.changes

    def look(store: StyleStore) -> int:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a fault of ours")
        return changes(store)

    monkeypatch.setattr(StyleStore, "changes", look)
    store = StyleStore(own_settings.database, pack.network_id)
    with TestClient(create_app(own_settings)) as service:
        assert failed.wait(10)
        store.migrate()
        store.add("my-style", pack.to_bytes(), b"")
        until(lambda: "my-style" in ids(service))
    store.close()


def test_of_two_replicas_that_remove_a_style_the_slower_gets_a_404(
    own_settings: Settings, pack: StylePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.app.styles.catalogue.INTERVAL", 1000)
    with TestClient(create_app(own_settings)) as one, TestClient(create_app(own_settings)) as other:
        import_pack(one, pack)
        assert import_pack(other, pack).status_code == 200  # sees it before it answers
        assert one.delete("/v1/styles/my-style").status_code == 204
        answer = other.delete("/v1/styles/my-style")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_style")
        assert ids(other) == BUILT_IN


def test_without_a_database_known_styles_are_painted_and_changes_refused(
    own_settings: Settings, pack: StylePack
) -> None:
    app = create_app(own_settings)  # which knows by now that there are no keys
    place = own_settings.data_dir / "impasto.db"
    for file in own_settings.data_dir.iterdir():
        file.unlink()
    place.mkdir()  # a folder where the database should be
    with TestClient(app) as service:
        assert paint(service, style="great-wave").status_code == 200
        answer = import_pack(service, pack)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        place.rmdir()
        assert import_pack(service, pack).status_code == 201


def test_a_style_that_cannot_be_read_any_more_hides_no_other(own_settings: Settings, pack: StylePack) -> None:
    store = StyleStore(own_settings.database, pack.network_id)
    store.migrate()
    store.add("broken", b"not a pack", b"")
    store.add("my-style", pack.to_bytes(), b"")
    store.close()
    with TestClient(create_app(own_settings)) as service:
        until(lambda: ids(service) == [*BUILT_IN, "my-style"])


def test_a_built_in_style_goes_before_an_added_one_of_its_id(own_settings: Settings, pack: StylePack) -> None:
    store = StyleStore(own_settings.database, pack.network_id)
    store.migrate()
    store.add("great-wave", replace(pack, style=replace(STYLE, id="great-wave")).to_bytes(), b"")
    store.add("my-style", pack.to_bytes(), b"")
    store.close()
    with TestClient(create_app(own_settings)) as service:
        until(lambda: ids(service) == [*BUILT_IN, "my-style"])
        assert service.get("/v1/styles/great-wave").json()["origin"] == "built-in"


def test_a_stored_style_that_cannot_be_shown_is_left_out_and_the_others_are_listed(
    own_settings: Settings, pack: StylePack
) -> None:
    store = StyleStore(own_settings.database, pack.network_id)
    store.migrate()
    bad = replace(pack, style=replace(pack.style))
    object.__setattr__(bad.style, "title", 5)  # as an older version let it in
    store.add("bad", bad.to_bytes(), b"")
    store.add("hidden", replace(pack, style=replace(pack.style, id="great-wave")).to_bytes(), b"")
    store.add("my-style", pack.to_bytes(), b"")
    store.close()
    with TestClient(create_app(own_settings)) as service:
        import_pack(service, pack, "another")  # after which every change is seen
        assert ids(service) == [*BUILT_IN, "my-style", "another"]
