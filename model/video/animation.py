"""Pictures that move: animated GIF, WebP, PNG and AVIF, read and written by Pillow."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image

from impasto.model.pictures.images import as_image
from impasto.model.pictures.lanczos import resized
from impasto.model.pictures.picture import MovingFormat, Picture
from impasto.model.pictures.srgb import to_srgb
from impasto.model.video.clip import Clip, Frame, NotAVideo, UnsupportedVideo, VideoTooLong, check_length, check_size
from impasto.model.video.config import Limits
from impasto.model.video.pieces import read_times, write_times

READABLE = ("GIF", "WEBP", "PNG", "AVIF")
FORMATS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG", ".avif": "AVIF"}
"""A file's name -> how it is written."""
QUALITY = {"WEBP": 90, "AVIF": 80}
MILLISECOND = Fraction(1, 1000)
SAMPLES, SAMPLE = 16, 160
"""How many frames a common palette is made of, and the side in pixels to which they are reduced for it."""
LARGEST = 2**30
"""Bytes of all frames together: Pillow has them in memory while it writes a moving picture."""
UNIT, GIF_UNIT = (1, 1), (10, 20)
"""Milliseconds of which durations are multiples, and the least that browsers show: shorter frames are left out."""
WEBP_FLAGS, WEBP_ALPHA = 20, 0x10
"""Where a moving WebP says what it has, and the bit of transparency."""
SHORTEST, USUAL = 10, 100
"""Milliseconds: what says that it is shown for no longer is shown for the usual time, by every browser."""


class SinglePicture(UnsupportedVideo):
    """A picture of a kind that may move, which does not."""


class Animation:
    """A moving picture's file, of which the header is read; its frames are when they are asked for.

    file: where it is, or the file itself. name: what errors call it; None: as the file is called.
    size: width and height in pixels. count: of its frames.
    Raises NotAVideo, SinglePicture; VideoTooLong, TooSmall.
    """

    def __init__(self, file: Path | io.BytesIO, limits: Limits, name: str | None = None) -> None:
        self._file, self._name = file, name or str(file)
        with self._opened() as image:
            self._numbers = self._find_frames(image)
            self.size, self.count = image.size, len(self._numbers)
            self.format = cast(MovingFormat, str(image.format).lower())
        if self.count < 2:
            raise SinglePicture(f"{self._name} is a single picture; `impasto paint` paints it")
        check_size(self.size, limits, self._name)
        check_length(0, self.count, limits, self._name)

    @cached_property
    def clip(self) -> Clip:
        """What is known of it, once every frame was decoded. Raises NotAVideo."""
        durations = []
        with self._opened() as image:
            for number in self._numbers:
                self._seek(image, number)
                durations.append(_duration(image))
            loops = _loops(image)
        *times, end = accumulate(durations, initial=0)
        return Clip(
            size=self.size,
            times=tuple(times),
            end=end,
            time_base=MILLISECOND,
            rate=len(times) / (end * MILLISECOND),
            loops=loops,
        )

    def frames(self, first: int = 0, size: tuple[int, int] | None = None) -> Iterator[Frame]:
        """As `Source.frames`. size: width and height that they are to have; None: their own."""
        with self._opened() as image:
            for number, time in list(zip(self._numbers, self.clip.times, strict=True))[first:]:
                self._seek(image, number)
                pixels, alpha = resized(*to_srgb(image.copy(), 1), size or self.size)
                yield Frame(Picture(torch.from_numpy(pixels), None if alpha is None else torch.from_numpy(alpha)), time)

    def _opened(self) -> Image.Image:
        try:
            return Image.open(self._file, formats=READABLE)
        except Exception as error:  # Pillow's decoders raise nearly anything on broken data
            if isinstance(error, OSError) and error.errno:  # it is not there, or not to be read
                raise
            raise NotAVideo(f"{self._name} is no picture, or a broken one ({error})") from error

    def _find_frames(self, image: Image.Image) -> range:
        """Which frames move: a PNG may have a picture before them for those who see it stand still."""
        try:
            return range(bool(image.info.get("default_image")), getattr(image, "n_frames", 1))
        except Exception as error:
            raise NotAVideo(f"{self._name} is cut short or broken ({error})") from error

    def _seek(self, image: Image.Image, number: int) -> None:
        try:
            image.seek(number)
            image.load()
        except Exception as error:  # Pillow's decoders raise nearly anything on broken data
            raise NotAVideo(f"{self._name} is cut short or broken at frame {number + 1} ({error})") from error


class AnimationPieces:
    """`Pieces` of a moving picture: each frame is a file of its own. Raises VideoTooLong."""

    def __init__(self, clip: Clip, output: Path) -> None:
        self._clip, self._format = clip, FORMATS[output.suffix.lower()]
        check_all_fit(clip.size, len(clip.times), output)

    def write(self, folder: Path, frames: Iterator[Frame]) -> None:
        """As `Pieces.write`."""
        times: list[int] = []
        for frame in frames:
            as_image(frame.picture).save(folder / f"{len(times):06}.png", compress_level=1)
            times.append(frame.time)
        write_times(folder, times)

    def join(self, folders: Sequence[Path], output: Path) -> None:
        """As `Pieces.join`."""
        times = [time for folder in folders for time in read_times(folder)]
        files = [path for folder in folders for path in sorted(folder.glob("*.png"))]
        shown = _durations(times, self._clip, self._format)
        images = [_read(files[number]) for number in shown]
        output.write_bytes(_saved(images, [*shown.values()], self._clip.loops, self._format))


def may_move(head: bytes) -> bool:
    """Whether a file that begins with these bytes, 16 of them, is a picture of a kind that may move."""
    return (
        head.startswith((b"GIF8", b"\x89PNG"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or head[4:12] in (b"ftypavis", b"ftypavif")
    )


def check_all_fit(size: tuple[int, int], count: int, output: Path) -> None:
    """Raises VideoTooLong where a moving picture's frames are more than memory is meant to hold."""
    width, height = size
    if 4 * width * height * count > LARGEST:
        raise VideoTooLong(
            f"{output}: {count:,} frames of {width} × {height} pixels are too many for a {output.suffix}; "
            "write a film, such as a .mp4"
        )


def encode(paintings: Sequence[Picture], clip: Clip, format: MovingFormat, *, quality: int | None = None) -> bytes:
    """The frames of a clip, painted, as a moving picture's file.

    quality: 1 to 100, of WebP and AVIF; None: as films are written in them.
    """
    shown = _durations(clip.times, clip, format.upper())
    images = [as_image(paintings[number]) for number in shown]
    return _saved(images, [*shown.values()], clip.loops, format.upper(), quality=quality)


def _durations(times: Sequence[int], clip: Clip, format: str) -> dict[int, int]:
    """Which frames are shown, by their numbers, and for how many milliseconds."""
    unit, shortest = GIF_UNIT if format == "GIF" else UNIT
    starts = [unit * round(time * clip.time_base / MILLISECOND / unit) for time in times]
    shown = [0]
    for number, start in enumerate(starts):
        if start - starts[shown[-1]] >= shortest:
            shown.append(number)
    end = max(round(clip.end * clip.time_base / MILLISECOND), starts[shown[-1]] + shortest)
    bounds = pairwise([*(starts[number] for number in shown), end])
    return {number: later - sooner for number, (sooner, later) in zip(shown, bounds, strict=True)}


def _saved(
    images: list[Image.Image], durations: list[int], loops: int, format: str, *, quality: int | None = None
) -> bytes:
    file, transparent = io.BytesIO(), any(image.mode == "RGBA" for image in images)
    options: dict[str, Any] = {"duration": durations, **_repeated(loops, format)}
    if format in QUALITY:
        options["quality"] = quality or QUALITY[format]
    if format == "GIF" and not transparent:
        images = in_one_palette(images)
    try:
        images[0].save(file, format, save_all=True, append_images=images[1:], **options)
    except (OSError, ValueError) as error:  # sides that are too long for it, for one
        width, height = images[0].size
        raise UnsupportedVideo(f"{format} does not hold frames of {width} × {height} pixels ({error})") from error
    written = bytearray(file.getbuffer())
    if transparent and written.startswith(b"VP8X", 12):  # a WebP, which does not say so where all of that is left out
        written[WEBP_FLAGS] |= WEBP_ALPHA
    return bytes(written)


def in_one_palette(images: Sequence[Image.Image]) -> list[Image.Image]:
    """Images in 256 colours that are the same in all of them: in its own of each, what stays would flicker."""
    some = images[:: max(1, len(images) // SAMPLES)]
    sheet = Image.new("RGB", (SAMPLE * len(some), SAMPLE))
    for number, image in enumerate(some):
        sheet.paste(image.resize((SAMPLE, SAMPLE)), (SAMPLE * number, 0))
    palette = sheet.quantize(256)
    return [image.quantize(palette=palette) for image in images]


def _loops(image: Image.Image) -> int:
    """How often it is played. A GIF says how often it is repeated, or nothing, where it is not."""
    told: int | None = image.info.get("loop")
    if image.format == "GIF":
        return 1 if told is None else told + 1 if told else 0
    return told or 0


def _repeated(loops: int, written: str) -> dict[str, int]:
    """The same, as Pillow writes it."""
    if written != "GIF":
        return {"loop": loops}
    return {} if loops == 1 else {"loop": max(0, loops - 1)}


def _duration(image: Image.Image) -> int:
    told = round(image.info.get("duration", 0))
    return told if told > SHORTEST else USUAL


def _read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()  # a file that is left open for each frame would be too many
        return image
