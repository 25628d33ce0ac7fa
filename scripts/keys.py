"""Make, list and revoke the keys that let people into a service.

    impasto keys add zoe --scope paint
    impasto keys add me --scope paint manage
    impasto keys list
    impasto keys revoke zoe

They stand in the service's database, IMPASTO_DATABASE_URL or IMPASTO_DATA_DIR, which keeps of a key only its hash. A
running service knows of a change within two seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import tyro

if TYPE_CHECKING:
    from impasto.app.access.keys import KeyStore


@dataclass(frozen=True)
class Add:
    """Make a key and print it, this once."""

    name: tyro.conf.Positional[str]
    """Whose it is: shown in lists and in the log."""
    scope: tuple[Literal["paint", "manage"], ...]
    """paint: paint, and read styles and jobs. manage: add, change and remove styles, and jobs."""

    def run(self, store: KeyStore) -> None:
        print(store.add(self.name, self.scope))


@dataclass(frozen=True)
class List:
    """List all keys: name, scopes, when it was made."""

    def run(self, store: KeyStore) -> None:
        keys = store.all()
        width = max((len(key.name) for key in keys), default=0)
        for key in keys:
            print(f"{key.name:{width}}  {', '.join(sorted(key.scopes)):13}  {key.created:%Y-%m-%d %H:%M}")


@dataclass(frozen=True)
class Revoke:
    """Revoke keys: whoever has one is let in no more."""

    names: tyro.conf.Positional[tuple[str, ...]]
    """The keys."""

    def run(self, store: KeyStore) -> None:
        for name in self.names:
            store.revoke(name)
        if not store.all():
            print("No key is left: a service on loopback, or with IMPASTO_OPEN=true, lets everyone in; others nobody.")


Arguments = Add | List | Revoke


def run(arguments: Arguments) -> None:
    from impasto.app.access.keys import KeyStore
    from impasto.app.settings import read_settings

    store = KeyStore(read_settings().database)
    try:
        store.migrate()
        arguments.run(store)
    finally:
        store.close()
