"""Paint a photo like any painting, by optimisation: slow, and often the best there is.

    impasto optimize photo.jpg --style painting.jpg -o out.png
    impasto optimize photo.jpg --style one.jpg two.jpg --share 0.7 0.3 -o out.png    # a blend of paintings
    impasto optimize photo.jpg --style painting.jpg --method neighbors -o out.png
    impasto optimize photo.jpg --style painting.jpg --size 1024 --every 50 -o out.png

docs/optimization.md shows what each choice does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from impasto.model.optimization.config import TransferConfig

if TYPE_CHECKING:
    from impasto.model.optimization.descent import DescentStep


@dataclass(frozen=True)
class Arguments:
    photo: tyro.conf.Positional[Path]
    """The photo."""
    style: tuple[Path, ...]
    """One painting or several."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write: .jpg, .png or .webp."""
    share: tuple[float, ...] = ()
    """How much of each painting, with sum 1. Default: equal shares."""
    every: int | None = None
    """Write the picture every so many steps too, as out.00050.png beside it."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    config: tyro.conf.OmitArgPrefixes[TransferConfig] = field(default_factory=lambda: TransferConfig(size=512))


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.model.network.device import find_device
    from impasto.model.optimization.style_transfer import StyleTransfer
    from impasto.model.pictures.picture import Picture
    from impasto.model.styles.paintings import read_painting
    from impasto.scripts import pictures
    from impasto.scripts.following import OnTheWay, follow

    keep_freed_memory()
    output, config = arguments.output, arguments.config
    on_the_way = OnTheWay(arguments.every, output)
    pictures.check_target(output)
    photo = pictures.read(arguments.photo, at_most=config.size)
    transfer = StyleTransfer(
        photo.rgb,
        [read_painting(path.read_bytes()).rgb for path in arguments.style],
        config,
        shares=arguments.share or None,
        device=find_device(arguments.device),
        weights=pictures.kept_weights(config.network, [*config.content_layers, *config.layers]),
    )

    def show(progress: DescentStep) -> None:
        if path := on_the_way.after(progress.step):
            pictures.write(Picture.from_rgb(transfer.picture(progress)), path)

    last = follow(transfer.run(), steps=transfer.steps, show=show)
    pictures.write(pictures.repainted(photo, transfer.picture(last)), output)
    print(f"{output}: {', '.join(f'{name} {value:.3g}' for name, value in last.losses.items())}")
