"""Pictures that move: animated GIF, WebP, PNG and AVIF, read and written by Pillow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from impasto.model.pictures.images import as_image
from impasto.model.pictures.picture import Picture
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
SHORTEST, USUAL = 10, 100
"""Milliseconds: what says that it is shown for no longer is shown for the usual time, by every browser."""


class Animation:
    """A moving picture's file. Raises NotAVideo, UnsupportedVideo; VideoTooLong, TooSmall, before it is decoded."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        with _opened(path) as image:
            frames = _numbers(image, path)
            if len(frames) < 2:
                raise UnsupportedVideo(f"{path} is a single picture; `impasto paint` paints it")
            check_size(image.size, limits, path)
            check_length(0, len(frames), limits, path)
            durations = []
            for number in frames:
                _seek(image, number, path)
                durations.append(_duration(image))
            *times, end = accumulate(durations, initial=0)
            self.clip = Clip(
                size=image.size,
                times=tuple(times),
                end=end,
                time_base=MILLISECOND,
                rate=len(times) / (end * MILLISECOND),
                loops=_loops(image),
            )
            self._numbers = frames

    def frames(self, first: int = 0) -> Iterator[Frame]:
        """As `Source.frames`."""
        with _opened(self._path) as image:
            for number, time in list(zip(self._numbers, self.clip.times, strict=True))[first:]:
                _seek(image, number, self._path)
                pixels, alpha = to_srgb(image.copy(), 1)
                yield Frame(Picture(torch.from_numpy(pixels), None if alpha is None else torch.from_numpy(alpha)), time)


class AnimationPieces:
    """`Pieces` of a moving picture: each frame is a file of its own. Raises VideoTooLong."""

    def __init__(self, clip: Clip, output: Path) -> None:
        self._clip, self._format = clip, FORMATS[output.suffix.lower()]
        (width, height), count = clip.size, len(clip.times)
        if 4 * width * height * count > LARGEST:
            raise VideoTooLong(
                f"{output}: {count:,} frames of {width} × {height} pixels are too many for a {output.suffix}; "
                "write a film, such as a .mp4"
            )

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
        unit, shortest = GIF_UNIT if self._format == "GIF" else UNIT
        starts = [unit * round(time * self._clip.time_base / MILLISECOND / unit) for time in times]
        shown = [0]
        for number, start in enumerate(starts):
            if start - starts[shown[-1]] >= shortest:
                shown.append(number)
        end = max(round(self._clip.end * self._clip.time_base / MILLISECOND), starts[shown[-1]] + shortest)
        bounds = pairwise([*(starts[number] for number in shown), end])
        options: dict[str, Any] = {"duration": [later - sooner for sooner, later in bounds]}
        options |= _repeated(self._clip.loops, self._format)
        if self._format in QUALITY:
            options["quality"] = QUALITY[self._format]
        files = [path for folder in folders for path in sorted(folder.glob("*.png"))]
        images = [_read(files[number]) for number in shown]
        if self._format == "GIF" and all(image.mode == "RGB" for image in images):
            images = in_one_palette(images)
        images[0].save(output, self._format, save_all=True, append_images=images[1:], **options)


def is_animation(path: Path) -> bool:
    """Whether a file is a picture of a kind that may move, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(16)
    return (
        head.startswith((b"GIF8", b"\x89PNG"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or head[4:12] in (b"ftypavis", b"ftypavif")
    )


def in_one_palette(images: Sequence[Image.Image]) -> list[Image.Image]:
    """Images in 256 colours that are the same in all of them: in its own of each, what stays would flicker."""
    some = images[:: max(1, len(images) // SAMPLES)]
    sheet = Image.new("RGB", (SAMPLE * len(some), SAMPLE))
    for number, image in enumerate(some):
        sheet.paste(image.resize((SAMPLE, SAMPLE)), (SAMPLE * number, 0))
    palette = sheet.quantize(256)
    return [image.quantize(palette=palette) for image in images]


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path, formats=READABLE)
    except Exception as error:  # Pillow's decoders raise nearly anything on broken data
        if isinstance(error, OSError) and error.errno:  # it is not there, or not to be read
            raise
        raise NotAVideo(f"{path} is no picture, or a broken one ({error})") from error


def _seek(image: Image.Image, number: int, path: Path) -> None:
    try:
        image.seek(number)
        image.load()
    except Exception as error:  # Pillow's decoders raise nearly anything on broken data
        raise NotAVideo(f"{path} is cut short or broken at frame {number + 1} ({error})") from error


def _numbers(image: Image.Image, path: Path) -> range:
    """Which frames move: a PNG may have a picture before them for those who see it stand still."""
    try:
        return range(bool(image.info.get("default_image")), getattr(image, "n_frames", 1))
    except Exception as error:
        raise NotAVideo(f"{path} is cut short or broken ({error})") from error


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
