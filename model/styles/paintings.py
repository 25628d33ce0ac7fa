"""A painting as a style is learned from it, and what it must have for that."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.pictures import images
from impasto.model.pictures.images import ImageError, TooManyPixels
from impasto.model.pictures.photos import load_rgb, usable_images
from impasto.model.pictures.picture import Picture
from impasto.model.styles.style import InvalidStyle, Style, slug

SMALLEST_PAINTING = 128
"""Pixels: less has no brush strokes to learn."""
LONGEST_SIDE = 2048
"""Pixels that are kept; Gram matrices are measured at less."""
LONGEST_SHAPE = 4
"""Longer side over shorter: a scroll, brought to the usual shorter side, would take gigabytes to be measured."""
FLATTEST = 0.02
"""Standard deviation within a channel, of values in [0, 1], below which there is nothing on a picture."""


class UnusablePainting(ImageError):
    """A picture that has no style to learn."""


def read_painting(data: bytes, *, max_pixels: int | None = None) -> Picture:
    """A painting from a file, at most 2048 pixels long, with white where it is transparent.

    Raises UnusablePainting, with what to do, for one that is too small, too long, transparent or of one colour; and
    what `images.decode` raises.
    """
    check_size(data, max_pixels)
    picture = images.decode(data, max_pixels=max_pixels, at_most=LONGEST_SIDE)
    if picture.alpha is not None and picture.alpha.max() == 0:
        raise UnusablePainting("the painting is fully transparent; send one with something on it")
    picture = picture.on_white()
    if picture.rgb.std(dim=(1, 2)).max() < FLATTEST:
        raise UnusablePainting("the painting is of one colour; send one with something on it")
    return picture


def check_size(data: bytes, max_pixels: int | None = None) -> int:
    """How many pixels a painting has, by its file's header. Raises what `read_painting` does where that tells."""
    width, height = images.size(data)
    if min(width, height) < SMALLEST_PAINTING:
        raise UnusablePainting(
            f"the painting is {width} × {height} pixels; both sides must be at least {SMALLEST_PAINTING}"
        )
    if max(width, height) > LONGEST_SHAPE * min(width, height):
        raise UnusablePainting(
            f"the painting is {width} × {height} pixels: longer than {LONGEST_SHAPE} times its width; send a part of it"
        )
    if max_pixels is not None and width * height > max_pixels:
        raise TooManyPixels(f"the painting has {width} × {height} pixels; at most {max_pixels:,} are decoded")
    return width * height


@dataclass(frozen=True)
class Painting:
    """A style image: (3, H, W) in [0, 1], and what is known of it."""

    style: Style
    rgb: Tensor


def load_paintings(folder: Path, *, smallest_side: int = 128) -> list[Painting]:
    """Every usable painting in a folder, with its entry in the catalogue if there is one.

    The catalogue is `styles.csv` in the folder or beside it, with a column `slug` (the name of the
    file) and any of title, artist, year, licence, died. Without an entry, the file's name is id and
    title. Raises NoImages; InvalidValue for two paintings of one id, a catalogue without slugs, and a row that is no
    style, by its line and field.
    """
    catalogue = _read_catalogue(folder)
    paintings = [
        Painting(catalogue.get(path.stem) or Style(slug(path.stem), path.stem), load_rgb(path))
        for path in usable_images(folder, smallest_side=smallest_side)
    ]
    ids = Counter(painting.style.id for painting in paintings)
    if twice := [style_id for style_id, count in ids.items() if count > 1]:
        raise InvalidValue(f"several paintings in {folder} would have the same id: {', '.join(twice)}")
    return paintings


def paintings_of(styles: Iterable[str], folder: Path) -> dict[str, Tensor]:
    """The paintings of some styles in a folder, {id: (3, H, W) in [0, 1]}, in the styles' order.

    Raises what `load_paintings` raises, and InvalidValue when one is not there.
    """
    there = {painting.style.id: painting.rgb for painting in load_paintings(folder)}
    wanted = [*styles]
    if missing := [style_id for style_id in wanted if style_id not in there]:
        raise InvalidValue(f"{folder} has no painting for {', '.join(missing)}")
    return {style_id: there[style_id] for style_id in wanted}


def _read_catalogue(folder: Path) -> dict[str, Style]:
    for path in (folder / "styles.csv", folder.resolve().parent / "styles.csv"):
        if path.is_file():
            try:
                text = path.read_text("utf-8-sig")  # spreadsheets write a mark first
            except UnicodeDecodeError:
                raise InvalidValue(f"{path} is not written in UTF-8; save it as CSV in UTF-8") from None
            rows = csv.DictReader(io.StringIO(text, newline=""), restval="")
            if "slug" not in (rows.fieldnames or ()):
                raise InvalidValue(f"{path} has no column named slug; columns are separated by commas")
            styles = {}
            for row in rows:
                if not any(row[column] for column in rows.fieldnames or ()):  # as spreadsheets leave them
                    continue
                try:
                    styles[row["slug"]] = _style(row)
                except InvalidStyle as error:
                    raise InvalidValue(f"{path}, line {rows.line_num}: {error}") from None
            return styles
    return {}


def _style(row: dict[str, str]) -> Style:
    licence = row.get("licence", "")
    if not licence and row.get("died"):
        licence = f"public domain: the artist died {row['died']}"
    return Style(slug(row["slug"]), row.get("title", ""), row.get("artist", ""), row.get("year", ""), licence)
