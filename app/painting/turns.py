"""Whose turn it is: start-time fair queueing (P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queueing", SIGCOMM 1996).

The device is shared between clients by pixels: a hundred pictures of one wait for one another, not another's for them.
"""

from __future__ import annotations


class Turns:
    """Gives each picture a number, its start in a time that is counted in pixels; the smallest is painted first."""

    def __init__(self) -> None:
        self._now = 0.0
        self._end: dict[str, float] = {}

    def take(self, client: str, pixels: int) -> float:
        """The number of a client's picture: after those that the client has, and after what is being painted."""
        start = max(self._now, self._end.get(client, 0.0))
        self._end[client] = start + pixels
        return start

    def give_back(self, client: str, pixels: int) -> None:
        """A picture will not be painted, and delays none of its client's to come."""
        if client in self._end:
            self._end[client] -= pixels

    def begin(self, number: float) -> None:
        """The picture with that number is being painted."""
        self._now = max(self._now, number)
        self._end = {client: end for client, end in self._end.items() if end > self._now}
