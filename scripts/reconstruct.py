"""Show what the layers of a loss network know: a photo from its features, a painting from its Gram matrices.

    impasto reconstruct photo.jpg painting.jpg -o sheet.jpg

One sheet, as the first figure of Gatys et al. (CVPR 2016): the photo from each layer by itself, the painting from each
layer and all before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.optimization.config import ReconstructionConfig


@dataclass(frozen=True)
class Arguments:
    photo: tyro.conf.Positional[Path]
    """The photo, found again from its features."""
    painting: tyro.conf.Positional[Path]
    """The painting, found again from its Gram matrices."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The sheet to write: .jpg, .png or .webp."""
    layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    """Layers to be asked."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    config: tyro.conf.OmitArgPrefixes[ReconstructionConfig] = field(default_factory=ReconstructionConfig)


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.model.network.device import find_device
    from impasto.model.optimization.reconstruction import Reconstruction
    from impasto.model.pictures.contact_sheet import contact_sheet
    from impasto.model.styles.paintings import read_painting
    from impasto.scripts import pictures
    from impasto.scripts.following import follow

    keep_freed_memory()
    pictures.check_target(arguments.output)
    layers, steps, device = arguments.layers, arguments.config.stop.steps, find_device(arguments.device)
    photo = pictures.read(arguments.photo).on_white().rgb
    painting = read_painting(arguments.painting.read_bytes()).rgb
    weights = pictures.kept_weights(arguments.config.network, layers)
    of_photo, of_painting = (
        Reconstruction(each, layers, arguments.config, device=device, weights=weights) for each in (photo, painting)
    )
    top = [("photo", of_photo.picture)]
    top += [(layer, follow(of_photo.content(layer), steps=steps).picture) for layer in layers]
    bottom = [("painting", of_painting.picture)]
    for count in range(1, len(layers) + 1):
        name = layers[0] if count == 1 else f"{layers[0]} to {layers[count - 1]}"
        bottom.append((name, follow(of_painting.style(layers[:count]), steps=steps).picture))
    contact_sheet([*top, *bottom], columns=len(layers) + 1).save(arguments.output, quality=92)
