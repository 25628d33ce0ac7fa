"""What `impasto bulk` does: finds what is left to paint, paints it, goes on where a photo is broken, and reports."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import NamedTuple

import torch
from tqdm import tqdm

from impasto.model.errors import NO_ROOM, DiskFull, ImpastoError, InvalidValue
from impasto.model.painting.memory import shortage
from impasto.model.pictures import images
from impasto.scripts.bulk import Arguments
from impasto.scripts.easel import Easel, check
from impasto.scripts.pictures import FORMATS, stem_and_suffix
from impasto.scripts.places import Place, check_apart, keep_choices

CHOICES, BROKEN = "bulk.json", "broken.jsonl"
"""Beside the paintings: what they are painted with, and the photos that cannot be painted."""
REPORTED = 10.0
"""Seconds between two reports of such photos while there are more."""
MOST_THREADS = 16
MOST_AT_ONCE = 64_000_000
"""Pixels of all photos between reading and writing, where each takes ten bytes and more; a larger one is alone."""


class Task(NamedTuple):
    """A photo, and the file to write: both relative."""

    photo: str
    target: str


class Outcome(NamedTuple):
    """What has become of a photo: a painting of so many pixels, or a fault, which may be the end of all painting."""

    photo: str
    pixels: int = 0
    fault: str = ""
    fatal: bool = False


def bulk(arguments: Arguments) -> None:
    """Paint what is left to paint; photos that cannot be painted are listed.

    Raises InvalidValue, UnknownStyle, OSError, StoreError for arguments that cannot work; DiskFull.
    """
    check(arguments)
    source, output = Place.of(arguments.input), Place.of(arguments.output)
    check_apart(source, output)
    if arguments.ray and None in map(find_spec, ("ray", "pyarrow")):
        raise InvalidValue("--ray needs more packages: pip install 'impasto[cluster]'")
    if arguments.painters is not None and (arguments.painters < 1 or not arguments.ray):
        raise InvalidValue("--painters is how many paint at once on --ray, at least 1")
    easel = Easel(arguments)
    tasks = plan(source.pictures())
    chosen = {**json.loads(easel.recipe(easel.wanted.size)), "quality": easel.wanted.quality}
    keep_choices(output, CHOICES, chosen, overwrite=arguments.overwrite)
    report = Report(output)
    there = {} if arguments.overwrite else output.files()
    todo = [task for task in tasks if not there.get(task.target)]  # a machine that lost power leaves files of no bytes
    if left := len(tasks) - len(todo):
        print(f"{left} of {len(tasks)} are in {output} already; --overwrite paints them again")
    if arguments.ray and todo:
        from impasto.scripts import bulk_ray

        bulk_ray.connect(arguments.ray)
        outcomes = bulk_ray.paint(todo, easel.wanted, source, output, painters=arguments.painters)
    else:
        outcomes = Painter(easel, source, output).paint(todo)
    paint(outcomes, report, left=left, photos=len(tasks))
    if report:
        print(f"{len(report)} could not be painted: {BROKEN} in {output} says why")


def paint(outcomes: Iterable[Outcome], report: Report, *, left: int, photos: int) -> None:
    """Paint photos under a bar, and say how fast. left: how many need not be painted. Raises DiskFull."""
    painted, pixels, begun = 0, 0, time.perf_counter()
    try:
        for outcome in tqdm(outcomes, total=photos, initial=left, unit="picture", disable=None):
            if outcome.fatal:
                raise DiskFull(outcome.fault)
            if outcome.fault:
                report.add(outcome.photo, outcome.fault)
            else:
                painted, pixels = painted + 1, pixels + outcome.pixels
    finally:
        report.write()
    seconds = time.perf_counter() - begun
    print(
        f"painted {painted} pictures, {pixels / 1e6:.1f} megapixels, in {seconds:.1f} s: {painted / seconds:.2f} "
        f"pictures and {pixels / 1e6 / seconds:.2f} megapixels a second"
    )


class Painter:
    """Paints photos one after the other, while threads read, decode, encode and write others."""

    def __init__(self, easel: Easel, source: Place, output: Place) -> None:
        self._easel, self._source, self._output = easel, source, output
        self._brush = ThreadPoolExecutor(1)
        self._threads = min(torch.get_num_threads() + 1, MOST_THREADS)
        self._room = Room()

    def paint(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Paint photos, in whatever order they are ready."""
        threads, waiting = ThreadPoolExecutor(self._threads), set[Future[Outcome]]()
        try:
            for task in tasks:
                waiting.add(threads.submit(self._paint, task))
                if len(waiting) > 2 * self._threads:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            for future in waiting:
                yield future.result()
        finally:
            threads.shutdown(cancel_futures=True)

    def _paint(self, task: Task) -> Outcome:
        try:
            data = self._source.read(task.photo)
            with self._room.taken(math.prod(images.size(data))), shortage("read, paint and write it"):
                photo = self._easel.decode(data)
                painting = self._brush.submit(self._easel.painted, photo, self._easel.vector).result()
                del photo  # a large one would take the memory that writing needs
                written = FORMATS[PurePosixPath(task.target).suffix.lower()]
                self._output.write(task.target, self._easel.encode(painting, written))
        except (ImpastoError, OSError) as error:
            full = isinstance(error, OSError) and error.errno in NO_ROOM  # which whatever comes next would find, too
            return Outcome(task.photo, fault=str(error), fatal=full)
        return Outcome(task.photo, math.prod(painting.size))


class Room:
    """Memory for the photos that are between reading and writing."""

    def __init__(self) -> None:
        self._taken, self._changed = 0, threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for so many."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken == 0 or self._taken + pixels <= MOST_AT_ONCE)
            self._taken += pixels
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()


class Report:
    """The photos that could not be painted, and what is wrong with each: lines of JSON in the output."""

    def __init__(self, output: Place) -> None:
        self._output, self._faults = output, dict[str, str]()
        self.write()  # now, so that what a former run found is not taken for what this one did

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, photo: str, fault: str) -> None:
        self._faults[photo] = fault
        if time.monotonic() > self._next:
            self.write()

    def write(self) -> None:
        """Raises OSError, StoreError."""
        lines = (json.dumps({"photo": photo, "fault": fault}) for photo, fault in sorted(self._faults.items()))
        self._output.write(BROKEN, "".join(f"{line}\n" for line in lines).encode())
        self._next = time.monotonic() + REPORTED


def plan(photos: Iterable[str]) -> list[Task]:
    """What each photo becomes. Raises InvalidValue where two would be one file."""
    of_target: dict[str, str] = {}
    for photo in photos:
        target = "".join(stem_and_suffix(photo))
        if other := of_target.get(target):
            raise InvalidValue(f"{other} and {photo} would both become {target}; rename one, or leave it out")
        of_target[target] = photo
    return [Task(photo, target) for target, photo in of_target.items()]
