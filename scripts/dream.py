"""Dream of a photo: more and more of what a layer of a network sees in it.

impasto dream photo.jpg -o dream.png
impasto dream photo.jpg -o dream.png --layer relu5_1 --channel 20 --octaves 5
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.optimization.config import DreamConfig


@dataclass(frozen=True)
class Arguments:
    photo: tyro.conf.Positional[Path]
    """The photo."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write: .jpg, .png or .webp."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    config: tyro.conf.OmitArgPrefixes[DreamConfig] = field(default_factory=lambda: DreamConfig(size=512))


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.model.network.device import find_device
    from impasto.model.optimization.deep_dream import DeepDream
    from impasto.scripts import pictures
    from impasto.scripts.following import follow

    keep_freed_memory()
    pictures.check_target(arguments.output)
    photo = pictures.read(arguments.photo, at_most=arguments.config.size)
    weights = pictures.kept_weights(arguments.config.network, [arguments.config.layer])
    dream = DeepDream(photo.rgb, arguments.config, device=find_device(arguments.device), weights=weights)
    last = follow(dream.run(), steps=dream.steps)
    pictures.write(pictures.repainted(photo, last.picture), arguments.output)
