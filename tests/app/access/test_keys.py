"""The store of keys, on every database that it supports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from impasto.app.access.keys import KeyExists, KeyStore, NoSuchKey
from impasto.app.database import StoreUnavailable, connect
from impasto.model.errors import InvalidValue


@pytest.fixture
def store(database_url: str) -> Iterator[KeyStore]:
    store = KeyStore(database_url)
    store.migrate()
    yield store
    store.close()


def test_several_keys_are_good_at_once_each_with_its_scopes(store: KeyStore) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    tokens = [store.add("zoe", ["paint"]), store.add("me", ["manage", "paint"])]
    zoe, me = store.all()
    assert (zoe.name, sorted(zoe.scopes)) == ("zoe", ["paint"])
    assert (me.name, sorted(me.scopes)) == ("me", ["manage", "paint"])
    assert [key.digest for key in (zoe, me)] == [sha256(token.encode()).digest() for token in tokens]
    assert before - timedelta(seconds=1) <= zoe.created.replace(tzinfo=None)


def test_keys_are_random_and_known_for_what_they_are(store: KeyStore) -> None:
    tokens = {store.add(f"key-{number}", ["paint"]) for number in range(20)}
    assert len(tokens) == 20
    assert all(token.startswith("impasto_") and len(token) == 8 + 43 for token in tokens)  # 256 bits


def test_a_key_stands_nowhere_in_the_database(store: KeyStore, database_url: str) -> None:
    token = store.add("zoe", ["paint"])
    engine = connect(database_url)
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM keys")).all()
    engine.dispose()
    assert token.removeprefix("impasto_") not in str(row)


def test_a_name_is_taken_until_its_key_is_revoked(store: KeyStore) -> None:
    first = store.add("zoe", ["paint"])
    with pytest.raises(KeyExists, match="'zoe'"):
        store.add("zoe", ["manage"])
    store.revoke("zoe")
    assert store.all() == []
    assert store.add("zoe", ["paint"]) != first
    with pytest.raises(NoSuchKey, match="'none'"):
        store.revoke("none")


@pytest.mark.parametrize("name", ["", "two words", "line\nbreak", "x" * 65, "zoë"])
def test_a_name_that_could_forge_a_line_of_the_log_is_refused(store: KeyStore, name: str) -> None:
    with pytest.raises(InvalidValue, match="no name of a key"):
        store.add(name, ["paint"])


def test_a_key_is_good_for_something(store: KeyStore) -> None:
    with pytest.raises(InvalidValue, match="paint, manage"):
        store.add("zoe", [])
    assert store.all() == []


def test_a_database_of_an_earlier_version_is_brought_up_to_date(store: KeyStore, database_url: str) -> None:
    engine = connect(database_url)
    with engine.begin() as connection:  # as the first version left it
        connection.execute(text("DROP TABLE keys"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    store.migrate()
    assert store.all() == []


def test_a_database_that_cannot_be_reached_is_unavailable() -> None:
    store = KeyStore("postgresql://nobody@127.0.0.1:1/none")
    for attempt in (store.migrate, store.all, lambda: store.add("zoe", ["paint"]), lambda: store.revoke("zoe")):
        with pytest.raises(StoreUnavailable, match="try again in a moment"):
            attempt()
    store.close()
