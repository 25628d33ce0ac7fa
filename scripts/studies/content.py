"""What few collections of photos have, drawings, flat graphics and pages of text, as pictures to train on beside them.

    apt-get download openclipart-png && dpkg -x openclipart-png_*.deb clipart/
    python -m impasto.scripts.studies.content --clipart clipart/usr/share/openclipart/png --output content/

Then copy the photos into the same folder. Drawings are those of Debian's package openclipart-png, in the public
domain, on white or on a plain colour; pages are written here, in letters of many sizes, in a few columns, dark on light
or light on dark. Night, glare and grey are made of photos (`impasto train --varied`); faces are none of this.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import tyro
from PIL import Image, ImageDraw, ImageFont, ImageOps
from tqdm import tqdm

from impasto.model.errors import InvalidValue
from impasto.model.pictures import images
from impasto.model.pictures.images import ImageError

SIDE = 512
"""Pixels."""
WORDS = "the network learns to paint what it sees and a page is mostly paper with small dark signs on it"


@dataclass(frozen=True)
class Arguments:
    clipart: Path
    """Folder of folders of drawings."""
    output: Path
    """Folder for the pictures."""
    drawings: int = 120
    pages: int = 30
    seed: int = 0


def main(arguments: Arguments) -> None:
    arguments.output.mkdir(parents=True, exist_ok=True)
    chance = random.Random(arguments.seed)
    files = sorted(arguments.clipart.rglob("*.png"))
    if not files:
        raise InvalidValue(f"there are no drawings in {arguments.clipart}")
    chance.shuffle(files)
    made = 0
    for file in tqdm(files, disable=None):
        if made == arguments.drawings:
            break
        try:
            picture = images.decode(file.read_bytes())
        except (ImageError, OSError):
            continue
        if min(picture.size) >= SIDE // 2:
            _on_paper(Image.fromarray(picture.pixels.numpy()).convert("RGBA"), chance).save(
                arguments.output / f"drawing-{made:03d}.png"
            )
            made += 1
    for number in range(arguments.pages):
        _page(chance).save(arguments.output / f"page-{number:03d}.png")


def _on_paper(drawing: Image.Image, chance: random.Random) -> Image.Image:
    """A drawing, as large as fits, on white or on a plain colour."""
    paper = (255, 255, 255) if chance.random() < 0.5 else tuple(chance.randrange(256) for _ in range(3))
    fitted = ImageOps.contain(drawing, (SIDE, SIDE), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", (SIDE, SIDE), paper)
    sheet.paste(fitted, ((SIDE - fitted.width) // 2, (SIDE - fitted.height) // 2), fitted)
    return sheet


def _page(chance: random.Random) -> Image.Image:
    """Lines of words in one to three columns, with a heading."""
    dark, light = chance.randrange(0, 80), chance.randrange(190, 256)
    if chance.random() < 0.25:
        dark, light = light, dark
    page = Image.new("RGB", (SIDE, SIDE), (light, light, light))
    draw = ImageDraw.Draw(page)
    draw.text((24, 16), " ".join(chance.sample(WORDS.split(), 3)), (dark, dark, dark), ImageFont.load_default(40))
    columns, size = chance.randint(1, 3), chance.choice((11, 14, 18, 24))
    width, font = (SIDE - 24) // columns, ImageFont.load_default(size)
    for column in range(columns):
        for top in range(80, SIDE - size, round(1.4 * size)):
            line = chance.choice(WORDS.split())
            while font.getlength(more := f"{line} {chance.choice(WORDS.split())}") < width - 24:
                line = more
            draw.text((24 + column * width, top), line, (dark, dark, dark), font)
    return page


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
