"""Build the CPU's kernels for every instruction set into this installation, for machines without a compiler.

    impasto kernels

An image does it in a stage that has a compiler. Elsewhere the first start builds what its machine needs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arguments:
    pass


def run(_: Arguments) -> None:
    from impasto.app.settings import read_settings
    from impasto.model.exemplar import search
    from impasto.model.network import checkpoint
    from impasto.model.network.kernels import build

    for library in [*build(checkpoint.load(read_settings().checkpoint).channels), *search.build()]:
        print(library)
