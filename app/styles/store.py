"""The added styles: rows of the database that all replicas share.

A row is a style pack and a preview; what is known of a style stands in its pack. A counter goes up with
every change, so that replicas notice one by reading one number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import DateTime, LargeBinary, String, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from impasto.app.database import Base, available, connect, migrate, writing
from impasto.model.errors import ImpastoError


class StyleExists(ImpastoError):
    """A style of that id is there already."""


class NoSuchStyle(ImpastoError, LookupError):
    """There is no added style of that id."""


class StyleRow(Base):
    """A style that was added to a network. Styles of other networks may stand beside it and are left alone."""

    __tablename__ = "styles"

    network_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    pack: Mapped[bytes] = mapped_column(LargeBinary)
    preview: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Changes(Base):
    """One row: how often a style was added, changed or removed."""

    __tablename__ = "changes"

    one: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]


@dataclass(frozen=True)
class Stored:
    """A stored style: pack and preview as files, and when it was added, in UTC."""

    id: str
    pack: bytes
    preview: bytes
    created: datetime


class StyleStore:
    """Added styles of one network.

    url: of SQLAlchemy, such as sqlite:///data/impasto.db or postgresql://user@host/name.
    Every method raises StoreUnavailable.
    """

    def __init__(self, url: str, network_id: str) -> None:
        self._network_id = network_id
        self._engine = connect(url)
        self._writing = writing(self._engine)

    def migrate(self) -> None:
        """Create the tables, or bring those of an earlier version up to date. Replicas may do so at once."""
        migrate(self._engine)

    def changes(self) -> int:
        """A number that differs when any style was added, changed or removed since."""
        with available(), Session(self._engine) as session:
            return session.scalars(select(Changes.count)).one()

    def all(self) -> list[Stored]:
        """Every style of the network, the oldest first."""
        return self.of(self._network_id)

    def of(self, network_id: str) -> list[Stored]:
        """Every style of a network, this one or another, the oldest first."""
        rows = select(StyleRow).where(StyleRow.network_id == network_id).order_by(StyleRow.created, StyleRow.id)
        with available(), Session(self._engine) as session:
            return [_stored(row) for row in session.scalars(rows)]

    def elsewhere(self) -> set[str]:
        """Ids of styles that were added to other networks, and not to this one."""
        own = select(StyleRow.id).where(StyleRow.network_id == self._network_id)
        others = select(StyleRow.id).where(StyleRow.network_id != self._network_id, StyleRow.id.not_in(own))
        with available(), Session(self._engine) as session:
            return {*session.scalars(others)}

    def get(self, style_id: str) -> Stored:
        """One style. Raises NoSuchStyle."""
        with available(), Session(self._engine) as session:
            return _stored(self._row(session, style_id))

    def add(self, style_id: str, pack: bytes, preview: bytes) -> Stored:
        """Add a style. Raises StyleExists."""
        row = StyleRow(network_id=self._network_id, id=style_id, pack=pack, preview=preview, created=datetime.now(UTC))
        try:
            with self._change() as session:
                session.add(row)
                session.flush()
                return _stored(row)
        except IntegrityError:
            raise StyleExists(f"there is a style {style_id!r} already") from None

    def edit(self, style_id: str, new_id: str, change: Callable[[bytes], bytes]) -> Stored:
        """Give a style another pack, and perhaps another id. Raises NoSuchStyle, StyleExists, and what `change` raises.

        change: makes the new pack of the stored one. No other replica changes styles meanwhile.
        """
        try:
            with self._change() as session:
                row = self._row(session, style_id)
                row.id, row.pack = new_id, change(row.pack)
                session.flush()
                return _stored(row)
        except IntegrityError:
            raise StyleExists(f"there is a style {new_id!r} already") from None

    def remove(self, style_id: str) -> None:
        """Remove a style. Raises NoSuchStyle."""
        with self._change() as session:
            session.delete(self._row(session, style_id))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _row(self, session: Session, style_id: str) -> StyleRow:
        row = session.get(StyleRow, (self._network_id, style_id))
        if row is None:
            raise NoSuchStyle(f"there is no added style {style_id!r}")
        return row

    @contextmanager
    def _change(self) -> Iterator[Session]:
        """A transaction that changes styles, and the counter with them."""
        with available(), Session(self._writing) as session, session.begin():
            session.execute(update(Changes).values(count=Changes.count + 1))  # first: others wait here
            yield session


def _stored(row: StyleRow) -> Stored:
    created = row.created if row.created.tzinfo else row.created.replace(tzinfo=UTC)  # SQLite forgets the zone
    return Stored(row.id, row.pack, row.preview, created)
