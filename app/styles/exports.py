"""The networks and their styles as files, for whoever paints without the service: the page, on a visitor's device."""

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

    now: gives the networks, with the styles that can be painted now.
    """

    def __init__(self, now: Callable[[], Checkpoint]) -> None:
        self._now = now
        self._networks: dict[str, bytes] = {}
        self._styles: dict[str, tuple[StyleTable, bytes]] = {}
        self._turn = asyncio.Lock()

    async def network(self, network_id: str) -> bytes:
        """A network as an ONNX file. Raises UnknownNetwork."""
        source = self._find(network_id)
        async with self._turn:
            if network_id not in self._networks:
                self._networks[network_id] = await asyncio.to_thread(_network_file, source)
            return self._networks[network_id]

    async def styles(self, network_id: str) -> bytes:
        """All styles that a network can paint now, with their vectors, as JSON. Raises UnknownNetwork."""
        source = self._find(network_id)
        async with self._turn:
            table, file = self._styles.get(network_id, (None, b""))
            if table is not source.styles:
                file = await asyncio.to_thread(_style_file, source)
                self._styles[network_id] = source.styles, file
            return file

    def _find(self, network_id: str) -> Checkpoint:
        now = self._now()
        for each in now.both:
            if each.network_id == network_id:
                return each
        known = " and ".join(now.network_ids)
        raise UnknownNetwork(f"this service paints with the network {known}, not with that one")


def _network_file(source: Checkpoint) -> bytes:
    from impasto.model.export.facts import facts
    from impasto.model.export.network_file import network_file

    return network_file(source.network, facts(source, VERSION))


def _style_file(source: Checkpoint) -> bytes:
    from impasto.model.export.facts import facts_of_styles
    from impasto.model.export.style_file import style_file

    return style_file(source.styles, facts_of_styles(source, VERSION))
