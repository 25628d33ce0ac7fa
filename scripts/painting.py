"""What `impasto paint` does: finds photos, paints them one after the other, and goes on where one is broken."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from torch import Tensor
from tqdm import tqdm

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.painting.likeness import likenesses, match, with_palettes
from impasto.model.painting.memory import OutOfMemory
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.region_recipe import check_length, drawn, looks
from impasto.model.painting.regions import Look
from impasto.model.painting.tiles import Progress
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.images import ImageError, NoImages, UnsupportedFormat
from impasto.model.pictures.picture import Format, Picture
from impasto.model.styles.guest import PAINTING, is_invited, letters, to_text, welcome
from impasto.model.styles.shares import parse_shares
from impasto.model.video.clip import VideoError
from impasto.model.video.packages import check_packages
from impasto.scripts import moving
from impasto.scripts.guests import predicted
from impasto.scripts.loading import load
from impasto.scripts.paint import Arguments
from impasto.scripts.pictures import FORMATS, STREAM, put
from impasto.scripts.regions import from_recipe, parse_regions, read_masks, read_reference

SHEET_COLUMNS = 6
SHEET_CELL = 320
"""Longest side in pixels of a picture on a sheet."""
BAR = "{l_bar}{bar}| {n:.1f}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}]"
"""tqdm's own, but for parts of a picture."""
INTERVAL = 0.5
"""Seconds between two looks at watched folders."""


def paint(arguments: Arguments) -> None:
    """Paint everything.

    Raises InvalidValue, UnknownStyle, OSError for arguments that cannot work; ImpastoError at the end when some of the
    photos could not be painted.
    """
    painted = arguments.style or arguments.painting is not None or (arguments.region and not arguments.like)
    if sum(map(bool, (painted, arguments.like, arguments.recipe, arguments.all))) != 1:
        raise InvalidValue(
            "give --style, --painting or --region, or several of them; or --recipe; or --all; or --like, perhaps with "
            "--region"
        )
    if arguments.like and not arguments.photorealistic:
        raise InvalidValue("--like takes colours and light only; say so with --photorealistic")
    if arguments.like and (arguments.small or arguments.stroke != 1 or arguments.statistics != "picture"):
        raise InvalidValue(
            "--like: no network paints and there are no strokes; leave --small, --stroke, --statistics out"
        )
    if not 1 <= arguments.quality <= 100:
        raise InvalidValue(f"--quality is between 1 and 100, not {arguments.quality}")
    if arguments.frames == "all":
        check_packages()
    if arguments.watch:
        check_watchable(arguments)
    targets = find_targets(arguments)
    changed = times_of_change(targets)
    easel = Easel(arguments)
    todo = {
        photo: target
        for photo, target in targets.items()
        if arguments.overwrite or target == arguments.output or not target.exists()
    }
    if left := len(targets) - len(todo):
        print(f"{left} of {len(targets)} are in {arguments.output} already; --overwrite paints them again")
    failed = easel.paint(todo)
    if arguments.watch:
        watch(easel, arguments, changed)
    if failed:
        raise ImpastoError(f"{failed} of the photos could not be painted")


def watch(easel: Easel, arguments: Arguments, painted: dict[Path, int]) -> NoReturn:
    """Paint photos that come or change, as soon as nobody writes them any more.

    painted: the photos that were there, and when each had been changed.
    """
    print(f"Watching {', '.join(map(str, arguments.photos))}; Ctrl-C ends it", flush=True)
    before = painted
    while True:
        time.sleep(INTERVAL)
        targets = find_targets(arguments)
        now = times_of_change(targets)
        ready = {photo: when for photo, when in now.items() if before.get(photo) == when != painted.get(photo)}
        easel.paint({photo: targets[photo] for photo in ready})
        painted, before = painted | ready, now


def times_of_change(photos: Iterable[Path]) -> dict[Path, int]:
    """When each of some photos was changed last, without those that are gone."""
    found = {}
    for photo in photos:
        with suppress(FileNotFoundError):
            found[photo] = photo.stat().st_mtime_ns
    return found


class Easel:
    """A network, and the styles to paint in: one blend, or every style on a sheet.

    Raises FileNotFoundError, CheckpointError, DeviceUnavailable, UnknownStyle, InvalidValue.
    """

    def __init__(self, arguments: Arguments) -> None:
        both, self._stylizer = load(arguments.checkpoint, device=arguments.device, precision=arguments.precision)
        if arguments.recipe:
            arguments = from_recipe(arguments.recipe, arguments, both)
        self._arguments = arguments
        source = both.of("small" if arguments.small else "large")
        self._network_id = source.network_id
        self._regions = parse_regions(arguments.region)
        if arguments.frames == "all" and (self._regions or arguments.all or arguments.photorealistic):
            raise InvalidValue("--frames all is for one blend: without regions, --all and --photorealistic")
        self._masks = read_masks(self._regions)
        self._like: Tensor | None = None
        self._guest: str | None = None
        if arguments.like:
            reference = read_reference(arguments.like)
            self._like = reference.palette
            self._looks = likenesses(self._regions, reference, arguments, self._masks)
            self._regions = with_palettes(self._regions, self._looks)
        styles = source.styles
        if arguments.painting is not None:
            check_length(self._regions, letters(source.network.style_size))
            vector = predicted(arguments.painting, arguments, both)
            styles, self._guest = welcome(styles, vector), to_text(vector)
            if not is_invited([parse_shares(arguments.style), *(each.weights for each in self._regions)]):
                arguments = replace(arguments, style=(*arguments.style, PAINTING))
        if not arguments.like:
            self._looks = looks(self._regions, styles, arguments)
        self._vectors: dict[str, Tensor | None] = {}
        if arguments.all:
            self._vectors |= zip(source.styles.ids, source.styles.vectors, strict=True)
        else:
            self._weights = parse_shares(arguments.style) if arguments.style else {}
            self._vectors["blend"] = styles.blend(self._weights) if self._weights else self._like

    def paint(self, targets: dict[Path, Path]) -> int:
        """Paint photos, {photo: file to write}, under one bar; how many could not be painted, each of them named."""
        failed = 0
        pictures = len(targets) * len(self._vectors)
        # No miniters, which tqdm else sets so that after a few quick pictures no part of a slow one is shown.
        with tqdm(total=pictures, unit="picture", bar_format=BAR, miniters=0, disable=None) as bar:
            for photo, target in targets.items():
                end = bar.n + len(self._vectors)
                try:
                    put(self._painting(photo, target, bar), target)
                except (ImageError, VideoError, OutOfMemory, OSError) as error:
                    bar.write(f"impasto paint: {photo}: {error}", file=sys.stderr)
                    failed += 1
                bar.update(end - bar.n)  # past what could not be painted, too
        return failed

    def _painting(self, photo: Path, target: Path, bar: tqdm[Any]) -> bytes:
        data = sys.stdin.buffer.read() if photo == STREAM else photo.read_bytes()
        if self._arguments.frames == "all" and (animation := moving.opened(data, photo)):
            vector = self._vectors["blend"]
            assert vector is not None  # which it is where there are no regions
            return moving.paint(animation, target, vector, self._stylizer, self._arguments, _moving(bar))
        written = images.format_of(data) if target == STREAM else FORMATS.get(target.suffix.lower())
        if written is None:
            raise UnsupportedFormat(f"it stands still, and a single picture is written as {', '.join(FORMATS)}")
        return self._sheet(data, written, bar) if self._arguments.all else self._blend(data, written, bar)

    def _blend(self, data: bytes, written: Format, bar: tqdm[Any]) -> bytes:
        photo = images.decode(data, longest_side=self._arguments.size)
        painting = self._painted(photo, self._vectors["blend"], _moving(bar))
        del photo  # a large one would take the memory that writing needs
        description = self._recipe(painting)
        return images.encode(painting, written, quality=self._arguments.quality, description=description)

    def _sheet(self, data: bytes, written: Format, bar: tqdm[Any]) -> bytes:
        photo = images.decode(data, longest_side=self._arguments.size or SHEET_CELL)
        cells = [("photo", photo.on_white().rgb)]
        for style, vector in self._vectors.items():
            cells.append((style, self._painted(photo, vector, _moving(bar)).on_white().rgb))
        sheet = io.BytesIO()
        contact_sheet(cells, columns=SHEET_COLUMNS).save(sheet, written.upper(), quality=self._arguments.quality)
        return sheet.getvalue()

    def _recipe(self, painting: Picture) -> str | None:
        if self._arguments.no_recipe:
            return None
        recipe = Recipe(
            weights=self._weights,
            network_id=self._network_id if self._like is None else None,
            network="small" if self._arguments.small and self._like is None else None,
            size=max(painting.size),
            strength=self._arguments.strength,
            preserve_color=self._arguments.preserve_color,
            stroke=self._arguments.stroke,
            photorealistic=self._arguments.photorealistic,
            like=None if self._like is None else tuple(self._like.tolist()),
            painting=self._guest,
            statistics=self._arguments.statistics,
            regions=self._regions,
        )
        return recipe.to_text(self._masks)

    def _painted(self, picture: Picture, vector: Tensor | None, progress: Progress) -> Picture:
        """vector: of the style, or the palette; None: what no region covers stays the photo."""
        asked = self._arguments
        if self._regions or vector is None:
            size, rest = (picture.size[1], picture.size[0]), None if vector is None else Look.of(vector, asked)
            regions = drawn(size, self._regions, self._looks, rest, masks=self._masks, statistics=asked.statistics)
            if self._like is not None:
                return match(picture, regions)
            return self._stylizer.stylize_regions(
                picture, regions, photorealistic=asked.photorealistic, progress=progress
            )
        if self._like is not None:
            return match(picture, Look.of(vector, asked))
        return self._stylizer.stylize(
            picture,
            vector,
            strength=asked.strength,
            preserve_color=asked.preserve_color,
            stroke=asked.stroke,
            photorealistic=asked.photorealistic,
            progress=progress,
        )


def _moving(bar: tqdm[Any]) -> Progress:
    """Moves a bar on, from where it is, by the share of a picture that is painted."""
    before = bar.n

    def move(share: float) -> None:
        bar.update(before + share - bar.n)

    return move


def check_watchable(arguments: Arguments) -> None:
    """Make the folder of the paintings. Raises InvalidValue unless folders are watched, and another one written to."""
    if not arguments.photos or not all(path.is_dir() for path in arguments.photos):
        raise InvalidValue("--watch needs a folder of photos, or several")
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.output.resolve() in {path.resolve() for path in arguments.photos}:
        raise InvalidValue(f"--watch would paint its own paintings in {arguments.output}; choose another output")


def find_photos(paths: Sequence[Path], *, may_be_none: bool = False) -> list[Path]:
    """Files as they are, folders as the pictures in them. Raises FileNotFoundError, NoImages, InvalidValue."""
    if STREAM in paths and len(paths) > 1:
        raise InvalidValue("- is one photo; name no others")
    photos = []
    for path in paths:
        if path.is_dir():
            try:
                photos += images.files_in(path)
            except NoImages:
                if not may_be_none:
                    raise
        elif path == STREAM or path.exists():
            photos.append(path)
        else:
            raise FileNotFoundError(f"there is no {path}")
    if not photos and not may_be_none:
        raise InvalidValue("name a photo, or a folder of photos")
    return photos


def find_targets(arguments: Arguments) -> dict[Path, Path]:
    """The photos, and the file to write for each.

    Raises FileNotFoundError and NoImages; InvalidValue for a format that is not written, and before anything would be
    overwritten: two results of one name, or a photo by its own painting.
    """
    output, photos = arguments.output, find_photos(arguments.photos, may_be_none=arguments.watch)
    all_frames = arguments.frames == "all"
    formats = [*FORMATS, *(moving.FORMATS if all_frames else ())]
    if len(photos) > 1 and (output == STREAM or output.suffix.lower() in formats):
        raise InvalidValue(f"{output} is one picture, but there are {len(photos)} photos; name a folder")
    if output == STREAM:
        return {photos[0]: output}
    if len(photos) > 1 or output.is_dir() or not output.suffix:
        output.mkdir(parents=True, exist_ok=True)
        own = [photo.suffix.lower() in FORMATS or (all_frames and moving.moves(photo)) for photo in photos]
        names = [photo.name if kept else f"{photo.stem}.png" for photo, kept in zip(photos, own, strict=True)]
        targets = [output / name for name in names]
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        targets = [output]
    if any(target.suffix.lower() not in formats for target in targets):
        raise InvalidValue(f"{output}: pictures are written as {', '.join(dict.fromkeys(formats))}")
    if len(set(targets)) < len(targets):
        raise InvalidValue("two of the photos have the same name; paint them into different folders")
    if {target.resolve() for target in targets} & {photo.resolve() for photo in photos}:
        raise InvalidValue(f"{output} would overwrite a photo with its painting; choose another output")
    return dict(zip(photos, targets, strict=True))
