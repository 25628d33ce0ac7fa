"""What `impasto paint` does: finds photos, paints them one after the other, and goes on where one is broken."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.painting.memory import OutOfMemory
from impasto.model.painting.tiles import Progress
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.images import ImageError, NoImages, UnsupportedFormat
from impasto.model.pictures.picture import Format
from impasto.model.video.clip import VideoError
from impasto.model.video.packages import check_packages
from impasto.scripts import moving
from impasto.scripts.easel import Easel, check
from impasto.scripts.paint import Arguments
from impasto.scripts.pictures import FORMATS, STREAM, put

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
    check(arguments, all=arguments.all)
    if arguments.frames == "all":
        check_packages()
    if arguments.watch:
        check_watchable(arguments)
    targets = find_targets(arguments)
    changed = times_of_change(targets)
    easel = Easel(arguments)
    if arguments.frames == "all" and (easel.regions or arguments.all or easel.wanted.photorealistic):
        raise InvalidValue("--frames all is for one blend: without regions, --all and --photorealistic")
    todo = {
        photo: target
        for photo, target in targets.items()
        if arguments.overwrite or target == arguments.output or not target.exists()
    }
    if left := len(targets) - len(todo):
        print(f"{left} of {len(targets)} are in {arguments.output} already; --overwrite paints them again")
    failed = paint_all(easel, arguments, todo)
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
        paint_all(easel, arguments, {photo: targets[photo] for photo in ready})
        painted, before = painted | ready, now


def times_of_change(photos: Iterable[Path]) -> dict[Path, int]:
    """When each of some photos was changed last, without those that are gone."""
    found = {}
    for photo in photos:
        with suppress(FileNotFoundError):
            found[photo] = photo.stat().st_mtime_ns
    return found


def paint_all(easel: Easel, arguments: Arguments, targets: dict[Path, Path]) -> int:
    """Paint photos, {photo: file to write}, under one bar; how many could not be painted, each of them named."""
    failed, each = 0, len(easel.styles) if arguments.all else 1
    # No miniters, which tqdm else sets so that after a few quick pictures no part of a slow one is shown.
    with tqdm(total=len(targets) * each, unit="picture", bar_format=BAR, miniters=0, disable=None) as bar:
        for photo, target in targets.items():
            end = bar.n + each
            try:
                put(painting_of(photo, target, easel, arguments, bar), target)
            except (ImageError, VideoError, OutOfMemory, OSError) as error:
                bar.write(f"impasto paint: {photo}: {error}", file=sys.stderr)
                failed += 1
            bar.update(end - bar.n)  # past what could not be painted, too
    return failed


def painting_of(photo: Path, target: Path, easel: Easel, arguments: Arguments, bar: tqdm[Any]) -> bytes:
    """The file to write for a photo. Raises ImageError, VideoError, OutOfMemory, OSError."""
    data = sys.stdin.buffer.read() if photo == STREAM else photo.read_bytes()
    if arguments.frames == "all" and (animation := moving.opened(data, photo)):
        assert easel.vector is not None  # which it is where there are no regions
        return moving.paint(animation, target, easel.vector, easel.stylizer, easel.wanted, _moving(bar))
    written = images.format_of(data) if target == STREAM else FORMATS.get(target.suffix.lower())
    if written is None:
        raise UnsupportedFormat(f"it stands still, and a single picture is written as {', '.join(FORMATS)}")
    if arguments.all:
        return sheet(data, written, easel, bar)
    picture = easel.decode(data)
    painting = easel.painted(picture, easel.vector, _moving(bar))
    del picture  # a large one would take the memory that writing needs
    return easel.encode(painting, written)


def sheet(data: bytes, written: Format, easel: Easel, bar: tqdm[Any]) -> bytes:
    """The file of a photo and its paintings in every style."""
    photo = images.decode(data, longest_side=easel.wanted.size or SHEET_CELL)
    cells = [("photo", photo.on_white().rgb)]
    for style, vector in zip(easel.styles.ids, easel.styles.vectors, strict=True):
        cells.append((style, easel.painted(photo, vector, _moving(bar)).on_white().rgb))
    file = io.BytesIO()
    contact_sheet(cells, columns=SHEET_COLUMNS).save(file, written.upper(), quality=easel.wanted.quality)
    return file.getvalue()


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
