"""What one thread makes while another uses what it made before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

Item = TypeVar("Item")

END: Final = object()


@contextmanager
def ahead(items: Iterator[Item], count: int) -> Iterator[Iterator[Item]]:
    """The same items, of which so many are made in a thread before they are asked for. Raises as `items` does."""
    thread = ThreadPoolExecutor(1)

    def made() -> Iterator[Item]:
        waiting = deque(thread.submit(next, items, END) for _ in range(count))
        while (item := waiting.popleft().result()) is not END:
            waiting.append(thread.submit(next, items, END))
            yield item  # type: ignore[misc]

    try:
        yield made()
    finally:
        thread.shutdown(cancel_futures=True)
