"""Where `impasto styles` finds styles: what the service paints, or a checkpoint by itself."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol

import structlog
from torch import Tensor

from impasto.app.painting.previews import read_photo, small, written
from impasto.app.settings import read_settings
from impasto.app.styles.catalogue import Catalogue
from impasto.app.styles.store import StyleExists, StyleStore
from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import Precision
from impasto.model.painting.stylizer import Stylizer
from impasto.model.styles.pack import StylePack


class Shelf(Protocol):
    """Some styles. Every method raises UnknownStyle for an id that is not there."""

    @property
    def source(self) -> Checkpoint:
        """Their network and its small one, each with the styles that it can paint now."""

    def losses(self, style_id: str) -> dict[str, float]:
        """What was measured of a style at the end of its training or fit."""

    def preview(self, style_id: str) -> bytes:
        """A picture in a style, as a JPEG."""

    def pack(self, style_id: str) -> StylePack:
        """A style as it travels."""

    def add(self, file: bytes) -> str:
        """Add the style of a style pack; its id. Raises PackError, StyleExists, ReservedId."""

    def remove(self, style_id: str) -> None:
        """Remove a style. Raises BuiltInStyle, InvalidValue."""

    def added_to(self, former: Checkpoint) -> list[StylePack]:
        """What was added to another network. Raises PackError."""


@contextmanager
def open_shelf(path: Path | None) -> Iterator[Shelf]:
    """The styles of a checkpoint; for None, those of the service.

    Raises FileNotFoundError, CheckpointError, DeviceUnavailable, InvalidSettings, StoreUnavailable.
    """
    if path:
        yield FileShelf(path)
        return
    structlog.configure(  # what the service would log is not what was asked for
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = read_settings()
    source = checkpoint.load(settings.checkpoint)
    store = StyleStore(settings.database, source.network_id)
    try:
        yield ServiceShelf(source, _Previews(source, settings.device, settings.precision), store)
    finally:
        store.close()


class FileShelf:
    """The styles of a checkpoint, whose file changes with them."""

    def __init__(self, path: Path) -> None:
        self._path, self._source = path, checkpoint.load(path)
        self._previews = _Previews(self._source)

    @property
    def source(self) -> Checkpoint:
        return self._source

    def losses(self, style_id: str) -> dict[str, float]:
        return dict(self.source.training.style_losses.get(style_id, {}))

    def preview(self, style_id: str) -> bytes:
        return asyncio.run(self._previews.paint(self.source.styles.blend({style_id: 1.0})))

    def pack(self, style_id: str) -> StylePack:
        return self.source.pack(style_id, small(self.preview(style_id)))

    def add(self, file: bytes) -> str:
        pack = self.source.read_pack(file)
        if pack.style.id in self.source.styles:
            raise StyleExists(f"there is a style {pack.style.id!r} already")
        self._save(self.source.joined([pack]))
        return pack.style.id

    def remove(self, style_id: str) -> None:
        without = self.source.without(style_id)
        if not without.styles.ids:
            raise InvalidValue(f"{style_id} is the only style of {self._path}, which needs one")
        self._save(without)

    def added_to(self, former: Checkpoint) -> list[StylePack]:
        return [former.pack(style_id, b"") for style_id in former.styles.ids if style_id not in self.source.styles]

    def _save(self, source: Checkpoint) -> None:
        self._source = source
        checkpoint.save(source, self._path)


class ServiceShelf:
    """The styles that the service paints: a running one sees within a second what changes here."""

    def __init__(self, source: Checkpoint, previews: _Previews, store: StyleStore) -> None:
        self._catalogue, self._store = Catalogue(source, previews, store), store
        asyncio.run(self._catalogue.refresh())

    @property
    def source(self) -> Checkpoint:
        return self._catalogue.of("large")

    def losses(self, style_id: str) -> dict[str, float]:
        return self._catalogue.losses(style_id)

    def preview(self, style_id: str) -> bytes:
        return asyncio.run(self._catalogue.preview(style_id))

    def pack(self, style_id: str) -> StylePack:
        return asyncio.run(self._catalogue.pack(style_id))

    def add(self, file: bytes) -> str:
        return asyncio.run(self._catalogue.add(self._catalogue.read(file))).pack.style.id

    def remove(self, style_id: str) -> None:
        asyncio.run(self._catalogue.remove(style_id))

    def added_to(self, former: Checkpoint) -> list[StylePack]:
        return [former.read_pack(each.pack) for each in self._store.of(former.network_id)]


class _Previews:
    """Pictures of styles, painted in this process: most actions need none, and so no stylizer."""

    def __init__(self, source: Checkpoint, device: str = "auto", precision: Precision = "auto") -> None:
        self._source, self._device, self._precision = source, device, precision

    @cached_property
    def _stylizer(self) -> Stylizer:
        return Stylizer.of(self._source, device=self._device, precision=self._precision)

    async def built_in(self, style_id: str, vector: Tensor) -> bytes:
        return await self.paint(vector)

    async def paint(self, vector: Tensor) -> bytes:
        return written(self._stylizer.stylize(read_photo(), vector))

    async def small(self, preview: bytes) -> bytes:
        return small(preview)
