"""One network that paints photos in many styles: the one name under which everything here is imported.

What most programs need can be had from here, and is loaded when it is first used:

    from impasto import Stylizer, decode, encode, load
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto.model.errors import ImpastoError as ImpastoError
    from impasto.model.network.checkpoint import Checkpoint as Checkpoint
    from impasto.model.network.checkpoint import load as load
    from impasto.model.painting.augment import StyleAugment as StyleAugment
    from impasto.model.painting.regions import Look as Look
    from impasto.model.painting.regions import Region as Region
    from impasto.model.painting.regions import Regions as Regions
    from impasto.model.painting.stylizer import Stylizer as Stylizer
    from impasto.model.pictures.images import decode as decode
    from impasto.model.pictures.images import encode as encode
    from impasto.model.pictures.picture import Picture as Picture
    from impasto.model.styles.pack import StylePack as StylePack
    from impasto.model.styles.style import Style as Style
    from impasto.model.styles.table import StyleTable as StyleTable

PUBLIC = {
    "Checkpoint": "impasto.model.network.checkpoint",
    "ImpastoError": "impasto.model.errors",
    "Look": "impasto.model.painting.regions",
    "Picture": "impasto.model.pictures.picture",
    "Region": "impasto.model.painting.regions",
    "Regions": "impasto.model.painting.regions",
    "Style": "impasto.model.styles.style",
    "StyleAugment": "impasto.model.painting.augment",
    "StylePack": "impasto.model.styles.pack",
    "StyleTable": "impasto.model.styles.table",
    "Stylizer": "impasto.model.painting.stylizer",
    "decode": "impasto.model.pictures.images",
    "encode": "impasto.model.pictures.images",
    "load": "impasto.model.network.checkpoint",
}
"""Name -> the module that has it."""


if not TYPE_CHECKING:  # which would take every name for one of ours

    def __getattr__(name: str) -> object:
        if name not in PUBLIC:
            raise AttributeError(f"module 'impasto' has no attribute {name!r}")
        return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})
