"""The one database of the service: SQLite (WAL) or PostgreSQL, by URL.

Added styles (`app/styles`), keys (`app/access`) and jobs (`app/jobs`) stand in it side by side, so that all replicas
share them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from impasto.model.errors import ImpastoError

PATIENCE = 5
"""Seconds to wait for a lock or a connection before the database counts as unavailable."""
AGAIN = 0.01
"""Seconds after which a lock is tried again that SQLite does not wait for itself."""
MIGRATION_LOCK = 0x1A9A570
"""What lets one replica migrate while the others wait."""


class Base(DeclarativeBase):
    """Tables of the service; those of jobs are DBOS's own."""


class StoreUnavailable(ImpastoError):
    """The database cannot be reached, is locked, full or read-only; nothing was changed.

    reason: what it said, for the log and whoever runs the service: it may name hosts, users and files.
    """

    retry_after = PATIENCE

    def __init__(self, reason: str) -> None:
        super().__init__("the database cannot be used now, and nothing was changed; try again in a moment")
        self.reason = reason


@contextmanager
def available() -> Iterator[None]:
    """Turns failures of the database into StoreUnavailable; conflicts of keys and faults of ours stay what they are."""
    try:
        yield
    except (DataError, IntegrityError, NotSupportedError, ProgrammingError):
        raise
    except (DBAPIError, PoolExhausted, OSError) as error:
        cause = getattr(error, "orig", None) or error
        if getattr(cause, "sqlite_errorname", "") == "SQLITE_ERROR":  # in what it was asked
            raise
        raise StoreUnavailable(f"the database cannot be used: {str(cause).splitlines()[0]}") from error


def connect(url: str) -> Engine:
    """An engine for a URL of SQLAlchemy, such as sqlite:///data/impasto.db or postgresql://user@host/name.

    Nothing is opened yet; an SQLite file's folder is to be made first (`make_folder`).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(
            parsed, pool_pre_ping=True, pool_timeout=PATIENCE, connect_args={"connect_timeout": PATIENCE}
        )
    engine = create_engine(parsed, pool_timeout=PATIENCE, connect_args={"timeout": PATIENCE})
    _stay_with_file(engine, Path(parsed.database or ""))

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver would begin transactions by rules of its own
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")  # what was answered survives a power cut

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A transaction that will write takes the lock at once and waits for it; one that began by
        # reading would be refused instead when another wrote meanwhile.
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have a file's changes logged: it stays so, and a new one is locked for whoever asks meanwhile, who is refused."""
    patient_until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > patient_until:
                raise
            time.sleep(AGAIN)


def _stay_with_file(engine: Engine, path: Path) -> None:
    """Have nothing written to a file of SQLite's that was removed: it would be lost; nor to an empty one in its place.

    When it is back, or a copy is there, that is used.
    """
    seen = False

    def inode() -> int | None:
        return path.stat().st_ino if path.exists() else None

    @event.listens_for(engine, "do_connect")
    def do_connect(*_: Any) -> None:
        if seen and not inode():
            raise FileNotFoundError(f"{path} was removed")

    @event.listens_for(engine, "connect")
    def connect(_: Any, record: ConnectionPoolEntry) -> None:
        nonlocal seen
        record.info["inode"] = inode()
        seen = seen or inode() is not None

    @event.listens_for(engine, "checkout")
    def checkout(_: Any, record: ConnectionPoolEntry, __: Any) -> None:
        if record.info["inode"] != inode():
            raise DisconnectionError


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write."""
    return engine.execution_options(sqlite_begin="IMMEDIATE")


@contextmanager
def alone(engine: Engine, lock: int) -> Iterator[Connection]:
    """A transaction that writes, while no other process is in one of the same lock. lock: its number on PostgreSQL."""
    with writing(engine).begin() as connection:
        if connection.dialect.name == "postgresql":  # SQLite has one writer as it is
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
        yield connection


def make_folder(engine: Engine) -> None:
    """Make the folder of an SQLite file."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)


def migrate(engine: Engine) -> None:
    """Create the tables, or bring those of an earlier version up to date. Replicas may do so at once.

    Raises StoreUnavailable.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with available():
        make_folder(engine)
        with alone(engine, MIGRATION_LOCK) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
