"""Write the network and all styles for other programs and devices: phones, browsers, other languages.

    impasto export --format onnx -o impasto.onnx

writes impasto.onnx and, beside it, impasto-styles.json; docs/on-device.md has programs that paint with them. The styles
are those that `impasto styles list` lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from impasto.model.network.config import Which


@dataclass(frozen=True)
class Arguments:
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The network's file; that of the styles is written beside it, as -styles.json."""
    format: Literal["onnx"] = "onnx"
    """Of the network's file."""
    statistics: Literal["measured", "given"] = "measured"
    """Mean and variance at each normalization: an output of the network, or an input, for video and tiles."""
    small: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """The small network instead: a quarter of the bytes, a third of the time."""
    checkpoint: Path | None = None
    """Network and styles. Default: those of the service."""


def run(arguments: Arguments) -> None:
    from impasto.app.version import VERSION
    from impasto.model.errors import InvalidValue
    from impasto.model.export.facts import facts, facts_of_styles
    from impasto.model.export.network_file import network_file
    from impasto.model.export.style_file import style_file
    from impasto.model.files import write_together
    from impasto.scripts.shelf import open_shelf

    which: Which = "small" if arguments.small else "large"
    network = arguments.output
    if network.is_dir():
        raise InvalidValue(f"{network} is a folder; name a file")
    with open_shelf(arguments.checkpoint) as shelf:
        source = shelf.source.of(which)
    files = {
        network: network_file(source.network, facts(source, VERSION), given=arguments.statistics == "given"),
        network.with_name(f"{network.stem}-styles.json"): style_file(source.styles, facts_of_styles(source, VERSION)),
    }
    network.parent.mkdir(parents=True, exist_ok=True)
    write_together(files)
    for path, data in files.items():
        print(f"{path}: {len(data) / 1e6:.2f} MB")
