"""The store of added styles, on every database that it supports."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from impasto.app.database import StoreUnavailable
from impasto.app.styles.store import NoSuchStyle, StyleExists, StyleStore


@pytest.fixture
def store(database_url: str) -> Iterator[StyleStore]:
    store = StyleStore(database_url, "0123456789abcdef")
    store.migrate()
    yield store
    store.close()


def test_an_empty_store_has_no_styles(store: StyleStore) -> None:
    assert store.all() == []


def test_an_added_style_is_found_again(store: StyleStore) -> None:
    before = datetime.now(UTC)
    added = store.add("my-style", b"pack\x00\xff", b"preview")
    assert store.get("my-style") == added
    assert store.all() == [added]
    assert (added.id, added.pack, added.preview) == ("my-style", b"pack\x00\xff", b"preview")
    assert before - timedelta(seconds=1) <= added.created <= datetime.now(UTC)


def test_styles_come_in_the_order_in_which_they_were_added(store: StyleStore) -> None:
    for style_id in ("b", "c", "a"):
        store.add(style_id, b"", b"")
    assert [style.id for style in store.all()] == ["b", "c", "a"]


def test_an_id_can_be_taken_once(store: StyleStore) -> None:
    store.add("one", b"first", b"")
    with pytest.raises(StyleExists, match="'one'"):
        store.add("one", b"second", b"")
    assert store.get("one").pack == b"first"


def test_a_style_can_have_another_pack_and_another_id(store: StyleStore) -> None:
    added = store.add("one", b"first", b"preview")
    store.edit("one", "two", lambda pack: pack + b", second")
    assert [(style.id, style.pack, style.preview) for style in store.all()] == [("two", b"first, second", b"preview")]
    assert store.get("two").created == added.created


def test_an_id_that_is_taken_cannot_be_given_to_another(store: StyleStore) -> None:
    store.add("one", b"1", b"")
    store.add("two", b"2", b"")
    with pytest.raises(StyleExists, match="'two'"):
        store.edit("one", "two", lambda _: b"3")
    assert [style.pack for style in store.all()] == [b"1", b"2"]


def test_a_removed_style_is_gone_and_its_id_free(store: StyleStore) -> None:
    store.add("one", b"first", b"")
    store.remove("one")
    assert store.all() == []
    store.add("one", b"second", b"")


def test_what_is_not_there_cannot_be_read_edited_or_removed(store: StyleStore) -> None:
    before = store.changes()
    for attempt in (
        lambda: store.get("none"),
        lambda: store.edit("none", "other", lambda _: b""),
        lambda: store.remove("none"),
    ):
        with pytest.raises(NoSuchStyle, match="'none'"):
            attempt()
    assert store.changes() == before


def test_every_change_and_nothing_else_is_noticed(store: StyleStore) -> None:
    seen = [store.changes()]
    store.add("one", b"", b"")
    seen.append(store.changes())
    store.edit("one", "one", lambda _: b"x")
    seen.append(store.changes())
    store.remove("one")
    seen.append(store.changes())
    assert len(set(seen)) == 4
    with pytest.raises(NoSuchStyle):
        store.remove("one")
    store.all()
    assert store.changes() == seen[-1]


def test_styles_of_another_network_stand_beside_and_are_not_seen(store: StyleStore, database_url: str) -> None:
    other = StyleStore(database_url, "fedcba9876543210")
    store.add("one", b"ours", b"")
    other.add("one", b"theirs", b"")
    assert [style.pack for style in store.all()] == [b"ours"]
    other.remove("one")
    assert [style.pack for style in store.all()] == [b"ours"]
    other.close()


def test_another_connection_sees_what_was_added(store: StyleStore, database_url: str) -> None:
    other = StyleStore(database_url, "0123456789abcdef")
    store.add("one", b"1", b"")
    assert [style.id for style in other.all()] == ["one"]
    other.close()


def test_migrating_again_keeps_everything(store: StyleStore) -> None:
    store.add("one", b"1", b"")
    store.migrate()
    assert [style.id for style in store.all()] == ["one"]


def test_replicas_may_migrate_at_once(database_url: str) -> None:
    stores = [StyleStore(database_url, "0123456789abcdef") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(StyleStore.migrate, stores))
    assert stores[0].all() == []
    for store in stores:
        store.close()


def test_writers_at_once_wait_for_each_other(store: StyleStore) -> None:
    before = store.changes()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.add(f"style-{n}", bytes(13_000), b""), range(24)))
    assert len(store.all()) == 24
    assert store.changes() == before + 24


def test_edits_at_once_lose_none(store: StyleStore) -> None:
    store.add("one", b"", b"")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.edit("one", "one", lambda pack: pack + bytes([n])), range(16)))
    assert sorted(store.get("one").pack) == list(range(16))


def test_of_many_who_take_one_id_one_gets_it(store: StyleStore) -> None:
    def take(n: int) -> bool:
        try:
            store.add("one", bytes([n]), b"")
        except StyleExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


# What can go wrong


def test_a_locked_database_is_unavailable_for_writers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.app.database.PATIENCE", 0.1)
    store = StyleStore(f"sqlite:///{tmp_path}/styles.db", "net")
    store.migrate()
    store.add("one", b"1", b"")
    lock = sqlite3.connect(tmp_path / "styles.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable) as refused:
        store.add("two", b"2", b"")
    assert "locked" in refused.value.reason
    assert [style.id for style in store.all()] == ["one"]
    lock.execute("ROLLBACK")
    lock.close()
    store.add("two", b"2", b"")
    store.close()


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    store = StyleStore(f"sqlite:///{tmp_path}/styles.db", "net")
    store.migrate()
    store.add("one", b"1", b"")
    with store._engine.connect() as connection:  # SQLite answers as it does when no block is left
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable) as refused:
        store.add("two", bytes(100_000), b"")
    assert "full" in refused.value.reason
    assert [style.id for style in store.all()] == ["one"]
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////dev/null/styles.db",
        "postgresql://nobody@127.0.0.1:1/none",
    ],
)
def test_a_database_that_cannot_be_reached_is_unavailable(url: str) -> None:
    store = StyleStore(url, "net")
    for attempt in (store.migrate, store.changes, store.all, lambda: store.add("one", b"", b"")):
        with pytest.raises(StoreUnavailable, match="try again in a moment"):
            attempt()
    store.close()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "styles.db").write_bytes(b"this is no database, but a text that someone put here" * 100)
    store = StyleStore(f"sqlite:///{tmp_path}/styles.db", "net")
    with pytest.raises(StoreUnavailable) as refused:
        store.migrate()
    assert "not a database" in refused.value.reason
    store.close()


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    store = StyleStore(f"sqlite:///{tmp_path}/a/b/styles.db", "net")
    store.migrate()
    assert (tmp_path / "a/b/styles.db").is_file()
    store.close()
