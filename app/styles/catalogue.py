"""Every style that can be painted now: those of the checkpoint, and those in the store.

Any replica may change the store. Each looks once a second whether something has changed; what it changes
itself, it sees before it answers. While the store cannot be reached, the styles known so far are painted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

import structlog
from torch import Tensor

from impasto.app.database import StoreUnavailable
from impasto.app.styles.store import Stored, StyleExists, StyleStore
from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import Which
from impasto.model.styles.guest import PAINTING
from impasto.model.styles.pack import PackError, StylePack
from impasto.model.styles.table import StyleTable

T = TypeVar("T")

log = structlog.stdlib.get_logger(__name__)

RESERVED = {"all", "none", "photo", "random", PAINTING}
"""Ids that would be mistaken for something else where styles are chosen."""
INTERVAL = 1.0
"""Seconds between two looks at the store."""


class BuiltInStyle(ImpastoError):
    """A style of the checkpoint is to be changed or removed."""


class ReservedId(InvalidValue):
    """A style is to have an id that would be mistaken for something else."""


@dataclass(frozen=True)
class AddedStyle:
    """A style of the store: its pack, also as the file that is stored."""

    pack: StylePack
    file: bytes
    preview: bytes
    created: datetime


class Previews(Protocol):
    """Paints pictures of styles, as JPEGs."""

    async def built_in(self, style_id: str, vector: Tensor) -> bytes:
        """The preview of a style of the checkpoint, of that vector (E,)."""

    async def paint(self, vector: Tensor) -> bytes:
        """The preview of a style vector (E,)."""

    async def small(self, preview: bytes) -> bytes:
        """A preview, small enough for a style pack."""


class Catalogue:
    """The styles of a network and of its small one, kept up to date with the store.

    styles: every style that the network can paint now. `watch` is to run as a task as long as the service does.
    trouble: why the last look at the store failed; None if it did not.
    """

    def __init__(self, source: Checkpoint, previews: Previews, store: StyleStore) -> None:
        self.network_id, self.training, self._source = source.network_id, source.training, source
        self.small_network_id = source.small.network_id if source.small else None
        self._known, self._built_in = source, source.styles
        self._previews, self._store = previews, store
        self._added: dict[str, AddedStyle] = {}
        self._seen: int | None = None
        self.trouble: str | None = None
        self._turn = asyncio.Lock()

    @property
    def styles(self) -> StyleTable:
        return self._known.styles

    def of(self, which: Which) -> Checkpoint:
        """One of the networks, with every style that it can paint now. Raises NoSmallNetwork."""
        return self._known.of(which)

    def networks(self, style_id: str, added: AddedStyle | None = None) -> list[Which]:
        """Which of them can paint a style. added: as it was just written, which may not have been seen yet."""
        fitted = added.pack.small if added else None
        small = self._source.small
        can = small and (fitted.network_id == small.network_id if fitted else style_id in small.styles)
        return ["large", "small"] if can else ["large"]

    @property
    def complete(self) -> bool:
        """Whether the styles of the store were ever read."""
        return self._seen is not None

    def added(self, style_id: str) -> AddedStyle | None:
        """What is known of an added style; None for a built-in one. Raises UnknownStyle."""
        self.styles.row(style_id)
        return self._added.get(style_id)

    def losses(self, style_id: str) -> dict[str, float]:
        """What was measured of a style at the end of its training or fit. Raises UnknownStyle."""
        if added := self.added(style_id):
            return dict(added.pack.fit.losses)
        return dict(self.training.style_losses.get(style_id, {}))

    async def preview(self, style_id: str) -> bytes:
        """A picture in any style, as a JPEG. Raises UnknownStyle, QueueFull, DeadlineExceeded."""
        if added := self.added(style_id):
            return added.preview
        return await self._previews.built_in(style_id, self._built_in.vectors[self._built_in.row(style_id)])

    async def pack(self, style_id: str) -> StylePack:
        """Any style as a pack. Raises UnknownStyle, QueueFull, DeadlineExceeded."""
        if added := self.added(style_id):
            return added.pack
        return self._source.pack(style_id, await self._previews.small(await self.preview(style_id)))

    def read(self, data: bytes) -> StylePack:
        """A pack for the served network from a file. Raises PackError."""
        return self._source.read_pack(data)

    async def add(self, pack: StylePack) -> AddedStyle:
        """Add a style. Raises QueueFull, DeadlineExceeded, and what `check_free` raises."""
        await self.refresh()
        self.check_free(pack.style.id)
        preview = await self._previews.paint(pack.vector)
        if not pack.preview:
            pack = replace(pack, preview=await self._previews.small(preview))
        return self._as_added(await self._change(lambda: self._store.add(pack.style.id, pack.to_bytes(), preview)))

    def check_free(self, style_id: str) -> None:
        """Raises StyleExists for an id that was taken at the last look, ReservedId for a reserved one."""
        if style_id in RESERVED:
            raise ReservedId(f"{style_id!r} is reserved; choose another id")
        if style_id in self.styles:
            raise StyleExists(f"there is a style {style_id!r} already")

    async def edit(self, style_id: str, changes: dict[str, str]) -> AddedStyle:
        """Change what is known of a style; "id" gives it another id.

        Raises UnknownStyle, BuiltInStyle, InvalidStyle, ReservedId, NoSuchStyle, StyleExists, StoreUnavailable.
        """
        await self.refresh()
        new_id = replace(self._changeable(style_id).pack.style, **changes).id
        if new_id != style_id:
            self.check_free(new_id)

        def change(file: bytes) -> bytes:
            pack = self.read(file)  # as it is now: another replica may have changed another field
            return replace(pack, style=replace(pack.style, **changes)).to_bytes()

        return self._as_added(await self._change(lambda: self._store.edit(style_id, new_id, change)))

    async def remove(self, style_id: str) -> None:
        """Remove a style. Raises UnknownStyle, BuiltInStyle, NoSuchStyle, StoreUnavailable."""
        await self.refresh()
        self._changeable(style_id)
        await self._change(lambda: self._store.remove(style_id))

    async def refresh(self) -> None:
        """Take over what has changed in the store. Raises StoreUnavailable."""
        async with self._turn:
            if self._seen is None:
                await asyncio.to_thread(self._store.migrate)
                if others := await asyncio.to_thread(self._store.elsewhere):
                    ids = sorted(others)
                    log.warning("styles of other networks are not painted; see impasto styles migrate", ids=ids)
            changes = await asyncio.to_thread(self._store.changes)
            if changes != self._seen:
                self._added, self._known = await asyncio.to_thread(self._load)
                self._seen = changes
                log.info("added styles", ids=list(self._added))

    async def watch(self) -> None:
        """Refresh for ever."""
        while True:
            try:
                await self.refresh()
                if self.trouble is not None:
                    log.info("the database is back")
                self.trouble = None
            except Exception as error:
                if self.trouble is None:  # once, not every second
                    fault = None if isinstance(error, StoreUnavailable) else error
                    reason = getattr(error, "reason", str(error))
                    log.error("added styles stay as they are", reason=reason, exc_info=fault)
                self.trouble = str(error) if isinstance(error, StoreUnavailable) else "a fault, which the log has"
            await asyncio.sleep(INTERVAL)

    async def _change(self, work: Callable[[], T]) -> T:
        """Change the store, and see it. Raises StoreUnavailable, StyleExists, NoSuchStyle."""
        try:
            return await asyncio.to_thread(work)
        finally:
            try:
                await self.refresh()  # a conflict also says that something is new
            except StoreUnavailable as error:  # what was done is done; `watch` will see it
                log.warning("a change of styles is not seen yet", reason=error.reason)

    def _as_added(self, stored: Stored) -> AddedStyle:
        """A stored style. Raises PackError."""
        known = self._added.get(stored.id)
        pack = known.pack if known and known.file == stored.pack else self.read(stored.pack)
        return AddedStyle(pack, stored.pack, stored.preview, stored.created)

    def _changeable(self, style_id: str) -> AddedStyle:
        added = self.added(style_id)
        if added is None:
            raise BuiltInStyle(f"{style_id} belongs to the network and cannot be changed or removed")
        return added

    def _load(self) -> tuple[dict[str, AddedStyle], Checkpoint]:
        """The styles of the store, and the networks with all styles. One that cannot be used is left out."""
        usable = {}
        for row in self._store.all():
            try:
                added = self._as_added(row)
            except PackError as error:
                log.error("an added style cannot be used", style=row.id, reason=str(error))
                continue
            if added.pack.style.id in self._built_in:
                log.error("an added style is hidden by a built-in one of the same id", style=row.id)
                continue
            usable[added.pack.style.id] = added
        return usable, self._source.joined([added.pack for added in usable.values()])
