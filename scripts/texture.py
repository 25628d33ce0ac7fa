"""Make a texture of any size like a painting, or any picture: from noise, by its Gram matrices alone.

impasto texture painting.jpg -o texture.png --width 1024 --height 512
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.optimization.config import TextureConfig


@dataclass(frozen=True)
class Arguments:
    painting: tyro.conf.Positional[Path]
    """What the texture is like."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write: .jpg, .png or .webp."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    config: tyro.conf.OmitArgPrefixes[TextureConfig] = field(default_factory=TextureConfig)


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.model.network.device import find_device
    from impasto.model.optimization.texture import Texture
    from impasto.model.pictures.picture import Picture
    from impasto.model.styles.paintings import read_painting
    from impasto.scripts import pictures

    keep_freed_memory()
    pictures.check_target(arguments.output)
    painting = read_painting(arguments.painting.read_bytes()).rgb
    weights = pictures.kept_weights(arguments.config.network, arguments.config.layers)
    texture = Texture(painting, arguments.config, device=find_device(arguments.device), weights=weights)
    last = pictures.follow(texture.run(), steps=texture.steps)
    pictures.write(Picture.from_rgb(last.picture), arguments.output)
