"""How much one client has painted in a minute: in pixels, which is what painting costs.

A window of a minute begins with a client's first picture. When it ends, all is there again: so what is told of when to
come back is true.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from threading import Lock

import structlog
from limits import RateLimitItemPerMinute
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from impasto.model.errors import ImpastoError, InvalidValue

log = structlog.stdlib.get_logger(__name__)

UNIT = 100_000
"""Pixels to which a cost is rounded up: the smallest pictures take some time too."""
MINUTE = 60
OPTIONS = {"wrap_exceptions": True, "socket_connect_timeout": 1, "socket_timeout": 1}
"""Of a store elsewhere: what it fails with, and how many seconds it may keep pictures waiting."""


@dataclass(frozen=True)
class Quota:
    """What is left to a client. limit, remaining: pixels. reset: seconds until all is there again."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        return {
            "RateLimit-Policy": f'"painting";q={self.limit};w={MINUTE};qu="pixels"',
            "RateLimit": f'"painting";r={self.remaining};t={self.reset}',
        }


class RateExceeded(ImpastoError):
    """A client has painted as much as it may for now. retry_after: seconds."""

    def __init__(self, cost: int, quota: Quota) -> None:
        super().__init__(
            f"this picture costs {cost / 1e6:.1f} megapixels, and {quota.remaining / 1e6:.1f} of the "
            f"{quota.limit / 1e6:.1f} a minute are left; try again in {quota.reset} s"
        )
        self.retry_after, self.headers = quota.reset, quota.headers


class Rates:
    """Limits each client to so many megapixels a minute.

    store: a URL such as redis://host:6379, which replicas share; None: this process's memory. Raises InvalidValue.
    """

    def __init__(self, megapixels: float, store: str | None = None) -> None:
        self._item = RateLimitItemPerMinute(round(megapixels * 1_000_000), namespace="impasto")
        try:
            storage = storage_from_string(store, **OPTIONS) if store else MemoryStorage()
        except (ConfigurationError, ValueError) as error:
            raise InvalidValue("IMPASTO_RATE_STORE: no address of a Redis, such as redis://host:6379") from error
        self._limiter, self._turn = FixedWindowRateLimiter(storage), Lock()

    def take(self, client: str, pixels: int) -> Quota | None:
        """Let a client paint so many pixels; None while the store cannot be reached, which keeps nobody from painting.

        A picture costs no more than a minute has: it could never be painted else. Raises RateExceeded.
        """
        cost = min(math.ceil(pixels / UNIT) * UNIT, self._item.amount)
        try:
            with self._turn:  # what is refused takes nothing
                if self._seconds_left(client) > MINUTE:  # the clock was put back, and the window would last as long
                    self._limiter.clear(self._item, client)
                allowed = self._limiter.test(self._item, client, cost=cost)
                allowed = allowed and self._limiter.hit(self._item, client, cost=cost)
                remaining = self._limiter.get_window_stats(self._item, client).remaining
                seconds = self._seconds_left(client)
        except StorageError as error:
            log.error("rates are not limited: their store cannot be reached", reason=str(error))
            return None
        quota = Quota(self._item.amount, remaining, min(max(1, math.ceil(seconds)), MINUTE))
        if not allowed:
            raise RateExceeded(cost, quota)
        return quota

    def _seconds_left(self, client: str) -> float:
        return float(self._limiter.get_window_stats(self._item, client).reset_time) - time.time()
