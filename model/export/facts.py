"""What is said of a network in the files that it and its styles become."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache

from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint

LICENCE = "Apache-2.0"
"""Of the network that comes with Impasto; nothing is known of others."""


def facts(source: Checkpoint, version: str) -> dict[str, object]:
    """Facts of a network, by their names. version: of Impasto."""
    return {
        "network_id": source.network_id,
        "style_size": source.network.style_size,
        "canonical": source.strokes.canonical,
        "version": version,
        "licence": LICENCE if source.network_id in _shipped() else "",
    }


def facts_of_styles(source: Checkpoint, version: str) -> dict[str, object]:
    """The same, and how the network's strokes are painted at any size, as `StrokeConfig` has it."""
    return {**facts(source, version), "strokes": asdict(source.strokes)}


@cache
def _shipped() -> list[str]:
    """The ids of the networks that come with Impasto, whose file is read once."""
    return checkpoint.load().network_ids
