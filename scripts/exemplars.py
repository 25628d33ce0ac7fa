"""What the commands share that make pictures of an exemplar's own pixels: how far they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from impasto.model.exemplar.exemplar import Show


@contextmanager
def shown() -> Iterator[Show]:
    """A bar, which what is yielded moves to a share from 0 to 1."""
    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}<{remaining}", disable=None) as bar:
        yield lambda share: bar.update(100 * share - bar.n)
