"""Make a texture of any size like a painting, or any picture.

    impasto texture painting.jpg -o texture.png --width 1024 --height 512
    impasto texture painting.jpg -o texture.png --method quilting --quilting.block 48

By default it is made from noise, by its Gram matrices alone; by the other methods, in seconds, of the picture's own
pixels. docs/textures.md shows which is for what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from impasto.model.exemplar.config import CoherenceConfig, MethodConfig, QuiltingConfig, SamplingConfig
from impasto.model.optimization.config import TextureConfig

if TYPE_CHECKING:
    from impasto.model.pictures.picture import Picture


@dataclass(frozen=True)
class Arguments:
    painting: tyro.conf.Positional[Path]
    """What the texture is like."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write: .jpg, .png or .webp."""
    method: Literal["gram", "quilting", "sampling", "coherence"] = "gram"
    """gram: by optimisation. quilting: of pieces, cut where they fit (Efros, Freeman, 2001). sampling: pixel by pixel,
    of all that fit (Efros, Leung, 1999). coherence: pixel by pixel, of those that its neighbours would go on with
    (Ashikhmin, 2001)."""
    quilting: QuiltingConfig = field(default_factory=QuiltingConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    coherence: CoherenceConfig = field(default_factory=CoherenceConfig)
    device: str = "auto"
    """Of gram: auto, cpu, cuda, cuda:N or mps. The others compute on the CPU."""
    config: tyro.conf.OmitArgPrefixes[TextureConfig] = field(default_factory=TextureConfig)
    """Size and seed are every method's, the rest is of gram."""


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.scripts import pictures

    keep_freed_memory()
    pictures.check_target(arguments.output)
    pictures.write(_by_gram(arguments) if arguments.method == "gram" else _of_pixels(arguments), arguments.output)


def _by_gram(arguments: Arguments) -> Picture:
    from impasto.model.network.device import find_device
    from impasto.model.optimization.texture import Texture
    from impasto.model.pictures.picture import Picture
    from impasto.model.styles.paintings import read_painting
    from impasto.scripts import pictures
    from impasto.scripts.following import follow

    painting = read_painting(arguments.painting.read_bytes()).rgb
    weights = pictures.kept_weights(arguments.config.network, arguments.config.layers)
    texture = Texture(painting, arguments.config, device=find_device(arguments.device), weights=weights)
    last = follow(texture.run(), steps=texture.steps)
    return Picture.from_rgb(last.picture)


def _of_pixels(arguments: Arguments) -> Picture:
    from impasto.model.exemplar.plan import TexturePlan
    from impasto.scripts.exemplars import made

    methods: dict[str, MethodConfig] = {
        "quilting": arguments.quilting,
        "sampling": arguments.sampling,
        "coherence": arguments.coherence,
    }
    size = arguments.config.height, arguments.config.width
    return made(TexturePlan(*size, methods[arguments.method], arguments.config.seed), arguments.painting)
