"""Build the CPU's kernels into this installation, for every instruction set, or for browsers.

    impasto kernels
    impasto kernels --browser

An image does it in a stage that has compilers. Elsewhere the first start builds what its machine needs; what browsers
paint with is built by this alone, and needs `pip install ziglang`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Arguments:
    browser: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Those with which the page paints on a visitor's own device."""


def run(arguments: Arguments) -> None:
    from impasto.app.page import BROWSER_KERNELS, WEB
    from impasto.app.settings import read_settings
    from impasto.model.browser.build import build as build_for_browsers
    from impasto.model.exemplar import search
    from impasto.model.native import convolution, normalization
    from impasto.model.network import checkpoint
    from impasto.model.network.kernels import build
    from impasto.model.pictures import plane_kernels
    from impasto.model.video import reading

    channels = checkpoint.load(read_settings().checkpoint).channels
    if arguments.browser:
        build_for_browsers(channels, WEB / BROWSER_KERNELS)
        print(WEB / BROWSER_KERNELS)
        return
    print(*build(channels), sep="\n")
    for room in (convolution, normalization, plane_kernels, search, reading):
        print(*room.build(), sep="\n")
