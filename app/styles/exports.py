"""The network and its styles as files, for whoever paints without the service: the page, on a visitor's own device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from impasto.app.version import VERSION
from impasto.model.errors import ImpastoError
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.table import StyleTable


class UnknownNetwork(ImpastoError, LookupError):
    """This service paints with no network of that id."""


class Exports:
    """Files that are made when they are first asked for, in a thread, and kept in memory.

    styles: gives those that can be painted now.
    """

    def __init__(self, source: Checkpoint, styles: Callable[[], StyleTable]) -> None:
        self._source, self._now = source, styles
        self._network: bytes | None = None
        self._styles: tuple[StyleTable, bytes] | None = None
        self._turn = asyncio.Lock()

    async def network(self, network_id: str) -> bytes:
        """The network as an ONNX file. Raises UnknownNetwork."""
        self._check(network_id)
        async with self._turn:
            if self._network is None:
                self._network = await asyncio.to_thread(_network_file, self._source)
            return self._network

    async def styles(self, network_id: str) -> bytes:
        """All styles that can be painted now, with their vectors, as JSON. Raises UnknownNetwork."""
        self._check(network_id)
        async with self._turn:
            table = self._now()
            if self._styles is None or self._styles[0] is not table:
                self._styles = table, await asyncio.to_thread(_style_file, self._source, table)
            return self._styles[1]

    def _check(self, network_id: str) -> None:
        if network_id != self._source.network_id:
            raise UnknownNetwork(f"this service paints with the network {self._source.network_id}, not with that one")


def _network_file(source: Checkpoint) -> bytes:
    from impasto.model.export.facts import facts
    from impasto.model.export.network_file import network_file

    return network_file(source.network, facts(source, VERSION))


def _style_file(source: Checkpoint, table: StyleTable) -> bytes:
    from impasto.model.export.facts import facts_of_styles
    from impasto.model.export.style_file import style_file

    return style_file(table, facts_of_styles(source, VERSION))
