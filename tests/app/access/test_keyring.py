"""Which keys are good now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from impasto.app.access.keyring import Keyring, NoKeys
from impasto.app.access.keys import KeyStore
from impasto.app.database import StoreUnavailable

NOWHERE = "postgresql://somebody:secret@127.0.0.1:1/none"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[KeyStore]:
    store = KeyStore(f"sqlite:///{tmp_path}/impasto.db")
    store.migrate()
    yield store
    store.close()


def test_a_service_that_strangers_can_reach_does_not_begin_without_a_key(store: KeyStore) -> None:
    with pytest.raises(NoKeys, match=r"`impasto keys add NAME --scope paint manage`, or .* IMPASTO_OPEN=true"):
        Keyring(store, open=False).begin()
    store.add("zoe", ["paint"])
    Keyring(store, open=False).begin()


def test_an_open_service_is_so_until_there_is_a_key(store: KeyStore) -> None:
    keyring = Keyring(store, open=True)
    keyring.begin()
    assert not keyring.demanded
    store.add("zoe", ["paint"])
    keyring.refresh()
    assert keyring.demanded
    store.revoke("zoe")
    keyring.refresh()
    assert not keyring.demanded


def test_a_service_whose_last_key_was_revoked_is_closed_to_all(store: KeyStore) -> None:
    store.add("zoe", ["paint"])
    keyring = Keyring(store, open=False)
    keyring.begin()
    store.revoke("zoe")
    keyring.refresh()
    assert keyring.demanded


def test_a_key_is_found_and_nothing_like_it(store: KeyStore) -> None:
    tokens = {name: store.add(name, ["paint"]) for name in ("one", "two", "three")}
    keyring = Keyring(store, open=False)
    keyring.begin()
    for name, token in tokens.items():
        found = keyring.find(token)
        assert found is not None and found.name == name
        for wrong in (token[:-1], token + "x", token.swapcase(), "", "é"):
            assert keyring.find(wrong) is None


def test_no_key_is_found_without_comparing_all(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [store.add(name, ["paint"]) for name in ("one", "two", "three")]
    keyring = Keyring(store, open=False)
    keyring.begin()
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("impasto.app.access.keyring.compare_digest", compare)
    for token in (*tokens, "none"):
        keyring.find(token)
    assert len(compared) == 4 * 3


def test_while_the_database_is_gone_the_keys_stay_as_they_are(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    token = store.add("zoe", ["paint"])
    keyring = Keyring(store, open=True)
    keyring.begin()

    def gone(_: KeyStore) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(KeyStore, "all", gone)
    with pytest.raises(StoreUnavailable):
        keyring.refresh()
    assert keyring.demanded and keyring.find(token)


def test_nobody_is_let_in_before_the_keys_could_be_read() -> None:
    store = KeyStore(NOWHERE)
    keyring = Keyring(store, open=True)
    keyring.begin()  # it may be there later
    with pytest.raises(StoreUnavailable):
        _ = keyring.demanded
    with pytest.raises(StoreUnavailable):
        Keyring(store, open=False).begin()
    keyring.close()
