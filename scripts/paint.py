#!/usr/bin/env python3
"""Paint photos with a trained network.

scripts/paint.py photo.jpg --style van-gogh-starry-night -o out.png
scripts/paint.py photo.jpg --style van-gogh-starry-night=0.7 hokusai-great-wave=0.3 -o out.png
scripts/paint.py photos/ --style klimt-the-kiss -o painted/          # a folder, or several photos
scripts/paint.py photo.jpg --all -o sheet.jpg                        # every style on one sheet
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from torch import Tensor
from tqdm import tqdm

from impasto.model.network import checkpoint
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.config import SHIPPED, Precision
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.images import ImageError
from impasto.model.pictures.recipe import Recipe
from impasto.model.styles.shares import parse_shares
from impasto.model.styles.table import StyleTable
from impasto.scripts.pictures import FORMATS

SHEET_COLUMNS = 6


@dataclass(frozen=True)
class Arguments:
    photos: tyro.conf.Positional[tuple[Path, ...]]
    """Photos, or folders of photos."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The picture to write; a folder when there are several photos."""
    style: tuple[str, ...] = ()
    """Style ids, as ID or ID=WEIGHT. Weights sum to 1; without any, all are equal."""
    all: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Write a contact sheet of every style instead."""
    strength: float = 1.0
    """1 is the painting, 0 the photo."""
    preserve_color: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Keep the photo's colours."""
    size: int | None = None
    """Longest side of the result in pixels. Default: the photo's own; 320 a picture on a sheet."""
    quality: int = 92
    """Of JPEG and WebP, 1 to 100."""
    no_recipe: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Do not write into the picture what it was painted with."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """Of the convolutions."""


def main(arguments: Arguments) -> None:
    keep_freed_memory()
    try:
        failed = run(arguments)
    except (ValueError, LookupError, OSError, RuntimeError) as error:
        sys.exit(f"paint: {error}")
    if failed:
        sys.exit(f"paint: {failed} of the photos could not be painted")


def run(arguments: Arguments) -> int:
    """Paint everything; a photo that cannot be painted is named, and the others go on.

    Returns how many could not. Raises ValueError, LookupError, OSError, RuntimeError for arguments
    that cannot work.
    """
    if arguments.all == bool(arguments.style):
        raise ValueError("give either --style or --all")
    if not 1 <= arguments.quality <= 100:
        raise ValueError(f"--quality is between 1 and 100, not {arguments.quality}")
    photos = find_photos(arguments.photos)
    targets = find_targets(photos, arguments.output)
    source = checkpoint.load(arguments.checkpoint)
    stylizer = Stylizer(source.network, device=arguments.device, precision=arguments.precision)
    weights = {} if arguments.all else parse_shares(arguments.style)
    vector = None if arguments.all else source.styles.blend(weights)
    failed = 0
    for photo, target in tqdm(zip(photos, targets, strict=True), total=len(photos), unit="photo", disable=None):
        try:
            if vector is None:
                paint_sheet(stylizer, source.styles, photo, target, arguments)
            else:
                paint(stylizer, weights, vector, photo, target, arguments)
        except (ImageError, OSError) as error:
            print(f"paint: {photo}: {error}", file=sys.stderr)
            failed += 1
    return failed


def paint(
    stylizer: Stylizer, weights: Mapping[str, float], vector: Tensor, photo: Path, target: Path, arguments: Arguments
) -> None:
    """Paint one photo in a blend and write it."""
    picture = images.decode(photo.read_bytes(), longest_side=arguments.size)
    painted = stylizer.stylize(picture, vector, strength=arguments.strength, preserve_color=arguments.preserve_color)
    recipe = Recipe(
        weights=dict(weights),
        network_id=stylizer.network_id,
        size=max(painted.size),
        strength=arguments.strength,
        preserve_color=arguments.preserve_color,
    )
    description = None if arguments.no_recipe else recipe.to_text()
    format = FORMATS[target.suffix.lower()]
    target.write_bytes(images.encode(painted, format, quality=arguments.quality, description=description))


def paint_sheet(stylizer: Stylizer, styles: StyleTable, photo: Path, target: Path, arguments: Arguments) -> None:
    """Paint one photo in every style and write all of them on a contact sheet."""
    picture = images.decode(photo.read_bytes(), longest_side=arguments.size or 320)
    cells = [("photo", picture.rgb)]
    for style in tqdm(styles.styles, unit="style", leave=False, disable=None):
        vector = styles.blend({style.id: 1.0})
        painted = stylizer.stylize(
            picture, vector, strength=arguments.strength, preserve_color=arguments.preserve_color
        )
        cells.append((style.id, painted.rgb))
    contact_sheet(cells, columns=SHEET_COLUMNS).save(target, quality=arguments.quality)


def find_photos(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the pictures in them. Raises FileNotFoundError, NoImages."""
    photos = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}")
        photos += images.files_in(path) if path.is_dir() else [path]
    return photos


def find_targets(photos: Sequence[Path], output: Path) -> list[Path]:
    """The file to write for each photo.

    Raises ValueError for a format that is not written, and before anything would be overwritten:
    two results of one name, or a photo by its own painting.
    """
    if len(photos) > 1 and output.suffix.lower() in FORMATS:
        raise ValueError(f"{output} is one picture, but there are {len(photos)} photos; name a folder")
    if len(photos) > 1 or output.is_dir() or not output.suffix:
        output.mkdir(parents=True, exist_ok=True)
        names = [photo.name if photo.suffix.lower() in FORMATS else f"{photo.stem}.png" for photo in photos]
        targets = [output / name for name in names]
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        targets = [output]
    if targets[0].suffix.lower() not in FORMATS:
        raise ValueError(f"{targets[0]}: pictures are written as {', '.join(FORMATS)}")
    if len(set(targets)) < len(targets):
        raise ValueError("two of the photos have the same name; paint them into different folders")
    if {target.resolve() for target in targets} & {photo.resolve() for photo in photos}:
        raise ValueError(f"{output} would overwrite a photo with its painting; choose another output")
    return targets


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
