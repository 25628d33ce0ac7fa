"""Where `impasto styles` finds styles: what the service paints, or a checkpoint by itself."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import structlog
from torch import Tensor

from impasto.app.painting.previews import PHOTO, small
from impasto.app.settings import read_settings
from impasto.app.styles.catalogue import Catalogue
from impasto.app.styles.store import StyleExists, StyleStore
from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.styles.fit_record import FitRecord
from impasto.model.styles.pack import StylePack
from impasto.model.styles.table import StyleTable
from impasto.scripts.loading import load


class Shelf(Protocol):
    """Some styles. Every method raises UnknownStyle for an id that is not there."""

    @property
    def table(self) -> StyleTable:
        """The styles and their vectors."""

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
    source, stylizer = load(settings.checkpoint, device=settings.device, precision=settings.precision)
    store = StyleStore(settings.database, source.network_id)
    try:
        yield ServiceShelf(source, stylizer, store)
    finally:
        store.close()


class FileShelf:
    """The styles of a checkpoint, whose file changes with them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._source, self._stylizer = load(path)

    @property
    def table(self) -> StyleTable:
        return self._source.styles

    def losses(self, style_id: str) -> dict[str, float]:
        return dict(self._source.training.style_losses.get(style_id, {}))

    def preview(self, style_id: str) -> bytes:
        return _preview(self._stylizer, self.table.vectors[self.table.row(style_id)])

    def pack(self, style_id: str) -> StylePack:
        vector, preview = self.table.vectors[self.table.row(style_id)], small(self.preview(style_id))
        fit = FitRecord(losses=self.losses(style_id))
        return StylePack(self.table[style_id], vector, self._source.network_id, fit, preview)

    def add(self, file: bytes) -> str:
        size = self._source.network.style_size
        pack = StylePack.from_bytes(file, network_id=self._source.network_id, style_size=size)
        if pack.style.id in self.table:
            raise StyleExists(f"there is a style {pack.style.id!r} already")
        self._save(self.table.joined([pack.style], [pack.vector]))
        return pack.style.id

    def remove(self, style_id: str) -> None:
        rows = [row for row in range(len(self.table)) if row != self.table.row(style_id)]
        if not rows:
            raise InvalidValue(f"{style_id} is the only style of {self._path}, which needs one")
        self._save(StyleTable([self.table.styles[row] for row in rows], self.table.vectors[rows]))

    def _save(self, table: StyleTable) -> None:
        self._source = replace(self._source, styles=table)
        checkpoint.save(self._source, self._path)


class ServiceShelf:
    """The styles that the service paints: a running one sees within a second what changes here."""

    def __init__(self, source: Checkpoint, stylizer: Stylizer, store: StyleStore) -> None:
        self._catalogue = Catalogue(source, _Previews(stylizer), store)
        asyncio.run(self._catalogue.refresh())

    @property
    def table(self) -> StyleTable:
        return self._catalogue.styles

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


class _Previews:
    """Pictures of styles for a catalogue, painted in this process."""

    def __init__(self, stylizer: Stylizer) -> None:
        self._stylizer = stylizer

    async def built_in(self, style_id: str, vector: Tensor) -> bytes:
        return _preview(self._stylizer, vector)

    async def paint(self, vector: Tensor) -> bytes:
        return _preview(self._stylizer, vector)

    async def small(self, preview: bytes) -> bytes:
        return small(preview)


def _preview(stylizer: Stylizer, vector: Tensor) -> bytes:
    photo = images.decode(PHOTO.read_bytes())
    return images.encode(photo.with_rgb(stylizer.paint(photo.rgb[None], vector[None])[0]), "jpeg", quality=85)
