"""The keys of a service: rows of the database that all replicas share.

A key is random, so its SHA-256 tells nothing of it: nobody can try 2²⁵⁶ of them, however fast the hash. A slow one
protects what people think up, and would cost every request its time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, get_args

from sqlalchemy import DateTime, LargeBinary, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from impasto.app.database import Base, available, connect, migrate, writing
from impasto.model.errors import InvalidValue

Scope = Literal["paint", "manage"]
"""What a key is good for: painting and reading; adding, changing and removing styles, and jobs."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "impasto_"
"""What every key begins with, so that people and scanners of secrets know it when they see one."""
NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


class KeyExists(InvalidValue):
    """A key of that name is there already."""


class NoSuchKey(InvalidValue, LookupError):
    """There is no key of that name."""


class KeyRow(Base):
    """A key, of which nobody can tell any more what it was."""

    __tablename__ = "keys"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True)
class Key:
    """What is known of a key. digest: what `digest_of` makes of it."""

    name: str
    digest: bytes
    scopes: frozenset[Scope]
    created: datetime


def digest_of(token: str) -> bytes:
    """What is kept of a key."""
    return sha256(token.encode()).digest()


class KeyStore:
    """The keys in a database, by its URL. Every method raises StoreUnavailable."""

    def __init__(self, url: str) -> None:
        self._engine = connect(url)
        self._writing = writing(self._engine)

    def migrate(self) -> None:
        """Create the tables, or bring those of an earlier version up to date."""
        migrate(self._engine)

    def all(self) -> list[Key]:
        """Every key, the oldest first."""
        with available(), Session(self._engine) as session:
            return [_key(row) for row in session.scalars(select(KeyRow).order_by(KeyRow.created, KeyRow.name))]

    def add(self, name: str, scopes: Collection[Scope]) -> str:
        """Make a key; it is told here and nowhere else. Raises InvalidValue, KeyExists."""
        if not NAME.fullmatch(name):
            raise InvalidValue(f"{name!r} is no name of a key: 1 to 64 letters, digits, hyphens, dots and underscores")
        if not scopes:
            raise InvalidValue(f"a key without a scope opens nothing; give it some of {', '.join(SCOPES)}")
        token = PREFIX + secrets.token_urlsafe(32)
        kept = " ".join(scope for scope in SCOPES if scope in scopes)
        try:
            with available(), Session(self._writing) as session, session.begin():
                session.add(KeyRow(name=name, digest=digest_of(token), scopes=kept, created=datetime.now(UTC)))
        except IntegrityError:
            raise KeyExists(f"there is a key {name!r} already; revoke it first, or choose another name") from None
        return token

    def revoke(self, name: str) -> None:
        """Remove a key. Raises NoSuchKey."""
        with available(), Session(self._writing) as session, session.begin():
            row = session.get(KeyRow, name)
            if row is None:
                raise NoSuchKey(f"there is no key {name!r}; `impasto keys list` lists them")
            session.delete(row)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _key(row: KeyRow) -> Key:
    scopes = frozenset(scope for scope in SCOPES if scope in row.scopes.split())
    return Key(row.name, row.digest, scopes, row.created)
