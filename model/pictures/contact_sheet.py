"""Many small pictures on one sheet, each with its name."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from impasto.model.pictures.picture import to_image

MARGIN = 12
CAPTION = 26


def contact_sheet(pictures: Sequence[tuple[str, Tensor]], *, columns: int) -> Image.Image:
    """Captions and pictures (3, H, W) in [0, 1], all of one size, row by row on white."""
    height, width = pictures[0][1].shape[1:]
    rows = -(-len(pictures) // columns)
    cell = width + MARGIN, height + CAPTION + MARGIN
    sheet = Image.new("RGB", (columns * cell[0] + MARGIN, rows * cell[1] + MARGIN), "white")
    draw, font = ImageDraw.Draw(sheet), _font()
    for position, (caption, picture) in enumerate(pictures):
        left = MARGIN + position % columns * cell[0]
        top = MARGIN + position // columns * cell[1]
        sheet.paste(to_image(picture), (left, top))
        draw.text((left, top + height + 4), _fit(_plain(caption), width, font), "black", font)
    return sheet


def drawable(text: str) -> bool:
    """Whether captions can have all of its letters: Pillow's own font has those of Latin scripts."""
    missing = _shape("\uffff")
    return all(letter.isspace() or _shape(letter) != missing for letter in set(_plain(text)))


@cache
def _shape(letter: str) -> bytes:
    return bytes(_font().getmask(letter))


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=15)


def _plain(text: str) -> str:
    """Without accents: Pillow's own font has not all of them."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _fit(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """The text, or as much of its beginning as fits into a width in pixels, with an ellipsis."""
    seen = text[:width]  # no letter is narrower than a pixel, and measuring takes longer than a text grows
    if seen == text and font.getlength(text) <= width:
        return text

    def too_long(letters: int) -> bool:
        return font.getlength(seen[:letters] + "…") > width

    fitting = bisect_right(range(1, len(seen) + 1), False, key=too_long)
    return seen[:fitting].rstrip() + "…"
