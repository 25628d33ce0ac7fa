"""Who may come into the queue, and when whoever may not is to come back.

No client holds more than a share of the queue, so that there is room for another's picture beside one's hundred.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from impasto.model.errors import ImpastoError

MEMORY = 0.9
"""How much of the measured pace is left after another batch."""


class QueueFull(ImpastoError):
    """As many requests as fit are being painted or waiting. seconds, retry_after: until there is room."""

    def __init__(self, seconds: float) -> None:
        super().__init__("as many pictures as fit are waiting to be painted; try again later")
        self.seconds = seconds
        self.retry_after = max(1, math.ceil(seconds))


@dataclass(frozen=True)
class QueueLimits:
    """What may wait, and what is painted together.

    pictures: most in the queue, from the decoding of the photo to the encoding of the result.
    pixels: most that are painted or wait for the device, of all levels; a single picture may have more.
    share: of both, that one client may hold.
    batch: most pictures in one batch.
    batch_pixels: most that are painted at once; a single picture may have more.
    wait: seconds for which a busy device waits for a batch to fill.
    deadline: seconds from asking for the device to the finished painting, and for reading and writing each.
    """

    pictures: int = 16
    pixels: int = 50_000_000
    share: float = 1.0
    batch: int = 1
    batch_pixels: int = 8_000_000
    wait: float = 0.003
    deadline: float = 60.0


@dataclass(eq=False)
class Place:
    """A place in the queue. pixels: of all its pictures, 0 while not known. counted: whether it is a request's.

    turn: as `Turns` gives them. begun: when the device took the first, of `time.perf_counter`. painted: all of them.
    """

    client: str
    counted: bool = True
    pixels: int = 0
    turn: float = math.inf
    begun: float | None = None
    painted: bool = False


class Admission:
    """The places of the queue, and the pace at which they are left."""

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
        self._places: list[Place] = []
        self._pixels_measured, self._seconds_measured = 1.0, 1e-6

    @property
    def requests(self) -> int:
        """How many are being decoded, painted or encoded, or wait for it."""
        return sum(place.counted for place in self._places)

    @property
    def pixels(self) -> int:
        """How many are being painted or wait to be."""
        return _pixels(self._places)

    @contextmanager
    def place(self, client: str, *, counted: bool = True) -> Iterator[Place]:
        """Hold a place. Raises QueueFull."""
        place = Place(client, counted)
        if counted:
            self._find_room(place, lambda others: self._few(others, client))
        self._places.append(place)
        try:
            yield place
        finally:
            self._places.remove(place)

    def reserve(self, place: Place, pixels: int) -> None:
        """Take room for the pixels of a place. Raises QueueFull."""
        self._find_room(place, lambda others: self._small(others, place.client, pixels))
        place.pixels = pixels

    def measure(self, pixels: int, seconds: float) -> None:
        """So many pixels have taken the whole device so long."""
        self._pixels_measured = MEMORY * self._pixels_measured + pixels
        self._seconds_measured = MEMORY * self._seconds_measured + seconds

    def _few(self, others: Sequence[Place], client: str) -> bool:
        """Whether there is a place beside others."""
        held = [place for place in others if place.counted]
        own = sum(place.client == client for place in held)
        return len(held) < self._limits.pictures and own < max(1, self._limits.share * self._limits.pictures)

    def _small(self, others: Sequence[Place], client: str, pixels: int) -> bool:
        """Whether there is room for pixels beside others; alone, any number may be painted."""
        held, own = _pixels(others), _pixels([place for place in others if place.client == client])
        most = self._limits.pixels
        return (not held or held + pixels <= most) and (not own or own + pixels <= self._limits.share * most)

    def _find_room(self, place: Place, fits: Callable[[Sequence[Place]], bool]) -> None:
        """Raises QueueFull unless a place fits beside the others, with the seconds until it would."""
        others = [other for other in self._places if other is not place]
        if fits(others):
            return
        for seconds, leaving in self._departures(others):
            others.remove(leaving)
            if fits(others):
                raise QueueFull(seconds)

    def _departures(self, places: Sequence[Place]) -> Iterator[tuple[float, Place]]:
        """In how many seconds each place will be painted, in order, at the measured pace.

        What is painted shares the device, and what waits follows where a picture is finished.
        """
        now, pace = time.perf_counter(), self._seconds_measured / self._pixels_measured
        begun = [(place.begun, place) for place in places if place.begun is not None and not place.painted]
        waiting = sorted((place for place in places if place.begun is None), key=lambda place: place.turn)
        side_by_side = max(1, len(begun))
        known = [place.pixels for place in places if place.pixels]
        typical = sum(known) / len(known) if known else 0.0

        def seconds(place: Place) -> float:
            return (place.pixels or typical) * pace * side_by_side

        yield from ((0.0, place) for place in places if place.painted)
        ends = [(max(0.0, since + seconds(place) - now), number, place) for number, (since, place) in enumerate(begun)]
        heapq.heapify(ends)
        for number, place in enumerate(waiting, start=len(ends)):
            end = 0.0
            if len(ends) >= side_by_side:
                end, _, leaving = heapq.heappop(ends)
                yield end, leaving
            heapq.heappush(ends, (end + seconds(place), number, place))
        for end, _, leaving in sorted(ends):
            yield end, leaving


def _pixels(places: Sequence[Place]) -> int:
    return sum(place.pixels for place in places if not place.painted)
