"""A film from a film: read, painted frame by frame and written, all three at once; it goes on where it was left."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from impasto.model.errors import NO_ROOM, DiskFull, InvalidValue
from impasto.model.files import write_whole
from impasto.model.pictures.picture import Picture
from impasto.model.video.ahead import ahead
from impasto.model.video.animation import FORMATS, Animation, AnimationPieces, may_move
from impasto.model.video.clip import Clip, Frame, Source, UnsupportedVideo, check
from impasto.model.video.config import Limits
from impasto.model.video.continuity import Continuity
from impasto.model.video.film import Film
from impasto.model.video.film_pieces import CONTAINERS, FilmPieces
from impasto.model.video.pieces import Pieces

PIECE = 48
"""Frames of a piece: at most so many are painted again after a stop."""
AHEAD = 4
"""Frames that are read, and that wait to be written, while one is painted."""
STATE, LAYOUT = "state.safetensors", 4
"""What the next frame takes over, and how that is written: what was written otherwise is another painting's."""

Progress = Callable[[int, Picture], None]
"""Told how many frames are painted, and the last one; what it raises ends the painting, which then can go on later."""


def open_video(path: Path, limits: Limits) -> Source:
    """A film or a moving picture, looked through but not decoded.

    Raises NotAVideo, UnsupportedVideo, VideoTooLong, TooSmall; OSError.
    """
    with path.open("rb") as file:
        head = file.read(16)
    source: Source = Animation(path, limits) if may_move(head) else Film(path, limits)
    check(source.clip, limits, path)
    return source


def check_output(output: Path) -> None:
    """Raises UnsupportedVideo for a file whose name says no format that is written."""
    if output.suffix.lower() not in (*CONTAINERS, *FORMATS):
        raise UnsupportedVideo(f"{output}: films are written as {', '.join([*CONTAINERS, *FORMATS])}")


def pieces_of(path: Path, clip: Clip, output: Path) -> Pieces:
    """How a film is written to a file. Raises UnsupportedVideo for a name or a sound that none is written with."""
    check_output(output)
    if output.suffix.lower() in FORMATS:
        return AnimationPieces(clip, output)
    return FilmPieces(path, clip, output)


def paint_video(
    path: Path,
    source: Source,
    output: Path,
    continuity: Continuity,
    vector: Callable[[float], Tensor],
    *,
    told: str,
    progress: Progress | None = None,
) -> None:
    """Paint a film.

    path, source: the film's file, opened. output: the file to write; beside it, until it is whole, lies a folder of
        pieces, from which a later call goes on.
    vector: the style's, for each share of the film from 0 to 1.
    told: what decides on the painting, as a text: pieces of another one are not gone on from.
    Raises InvalidValue where the folder holds something else; UnsupportedVideo, DiskFull, OSError.
    """
    clip, pieces = source.clip, pieces_of(path, source.clip, output)
    work = _Work(output, told)
    with _room(work.folder):
        done = work.resume(continuity)
        with ahead(source.frames(done), AHEAD) as photos:

            def painted(some: Iterable[Frame]) -> Iterator[Frame]:
                nonlocal done
                for frame in some:
                    painting = continuity.paint(frame.picture, vector(clip.share(frame.time)))
                    done += 1
                    if progress:
                        progress(done, painting)
                    yield Frame(painting, frame.time)

            while first := next(photos, None):
                with ahead(painted(chain([first], islice(photos, PIECE - 1))), AHEAD) as paintings:
                    pieces.write(work.begin(), paintings)
                work.keep(done, continuity)
        pieces.join(work.pieces, work.whole)
    work.end()


class _Work:
    """What is painted so far, in a folder beside the file that it will be.

    Raises InvalidValue where there is something of another painting.
    """

    def __init__(self, output: Path, told: str) -> None:
        self._output = output
        self.folder = output.with_name(output.name + ".pieces")
        self.whole = self.folder / "whole"
        self._told = sha256(f"{told}\n{LAYOUT}".encode()).hexdigest()
        self._count = 0

    @property
    def pieces(self) -> list[Path]:
        """The folders of all that are whole."""
        return [self._piece(number) for number in range(self._count)]

    def resume(self, continuity: Continuity) -> int:
        """Have the next frame follow the last one that is kept; how many are."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / STATE
        if not file.exists():
            return 0
        with safe_open(file, "pt") as kept:
            told, state = kept.metadata(), {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
        if told["told"] != self._told:
            raise InvalidValue(f"{self.folder} has pieces of another painting; remove it, or choose another output")
        self._count = int(told["pieces"])
        continuity.restore(state)
        return int(told["frames"])

    def begin(self) -> Path:
        """An empty folder for the next piece."""
        folder = self._piece(self._count)
        shutil.rmtree(folder, ignore_errors=True)  # of one that was not ended
        folder.mkdir()
        return folder

    def keep(self, frames: int, continuity: Continuity) -> None:
        """The piece that was begun is whole, and so many frames are painted."""
        self._count += 1
        about = {"told": self._told, "pieces": str(self._count), "frames": str(frames)}
        write_whole(self.folder / STATE, save(continuity.state(), about))

    def end(self) -> None:
        """The file is whole: it goes where it is to be, and all else away."""
        self.whole.replace(self._output)
        shutil.rmtree(self.folder)

    def _piece(self, number: int) -> Path:
        return self.folder / f"{number:06}"


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DiskFull(
            f"the disk is full; what is painted is kept in {folder}: make room and start again, and it goes on"
        ) from error
