"""Serve painting over HTTP, and a page to mix styles by hand.

    impasto serve
    impasto keys add me --scope paint manage && IMPASTO_HOST=0.0.0.0 IMPASTO_PORT=9000 impasto serve

It needs a key, or IMPASTO_OPEN=true, to listen on an address that others than this machine can reach.
Every setting is a variable IMPASTO_<NAME>; docs/operations.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arguments:
    pass


def run(_: Arguments) -> None:
    from impasto.scripts.serving import serve

    serve()
