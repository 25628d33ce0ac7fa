"""The keys that are good now, kept in memory: a request asks no database.

Every replica reads all keys once a second. While the database cannot be reached, the keys known so far stay good;
a service that never could read them lets nobody in, since it cannot know whether it should.
"""

from __future__ import annotations

import asyncio
from hmac import compare_digest

import structlog

from impasto.app.access.keys import Key, KeyStore, digest_of
from impasto.app.database import StoreUnavailable
from impasto.model.errors import InvalidValue

log = structlog.stdlib.get_logger(__name__)

INTERVAL = 1.0
"""Seconds between two looks at the store."""


class NoKeys(InvalidValue):
    """A service that strangers can reach would be open to all of them."""


class Keyring:
    """The keys of a service, kept up to date with the store. `watch` is to run as a task as long as the service does.

    open: whether everyone is let in until there is a first key.
    """

    def __init__(self, store: KeyStore, *, open: bool) -> None:
        self._store, self._open = store, open
        self._keys: list[Key] | None = None
        self._trouble: str | None = None

    def begin(self) -> None:
        """The first look. Raises NoKeys for a service that is not open; StoreUnavailable too, since it may be so."""
        try:
            self.refresh()
        except StoreUnavailable:
            if not self._open:
                raise
        if not self._keys and not self._open:
            raise NoKeys(
                "there is no key, and this address can be reached by others: make one with "
                "`impasto keys add NAME --scope paint manage`, or let everyone in with IMPASTO_OPEN=true"
            )

    @property
    def known(self) -> bool:
        """Whether the keys were read once; nobody is let in before."""
        return self._keys is not None

    @property
    def demanded(self) -> bool:
        """Whether nobody is let in without a key. Raises StoreUnavailable as long as no key could be read."""
        if self._keys is None:
            raise StoreUnavailable("the keys were never read")
        return bool(self._keys) or not self._open

    def find(self, token: str) -> Key | None:
        """The key that a token is; in a time that does not tell which one, nor how nearly."""
        digest = digest_of(token)
        found = None
        for key in self._keys or ():
            if compare_digest(key.digest, digest):
                found = key
        return found

    def refresh(self) -> None:
        """Read all keys. Raises StoreUnavailable."""
        if self._keys is None:
            self._store.migrate()
        keys = self._store.all()
        if keys != (self._keys or []):
            log.info("keys", names=[key.name for key in keys])
        self._keys = keys

    async def watch(self) -> None:
        """Refresh for ever."""
        while True:
            try:
                await asyncio.to_thread(self.refresh)
                self._trouble = None
            except Exception as error:
                trouble = getattr(error, "reason", str(error))
                if trouble != self._trouble:  # once, not every second
                    fault = None if isinstance(error, StoreUnavailable) else error
                    log.error("keys stay as they are", reason=trouble, exc_info=fault)
                self._trouble = trouble
            await asyncio.sleep(INTERVAL)

    def close(self) -> None:
        """Close all connections."""
        self._store.close()
