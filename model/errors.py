"""The roots of every error that is meant for whoever asked: each class lives with what raises it.

A command answers them with one line, the service with a problem; anything else is a fault of ours, with its traceback.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class ImpastoError(Exception):
    """What was asked cannot be done; the message says what is wrong, where, and what to do.

    part: which of several things it is about.
    """

    part = ""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.part}: {text}" if self.part else text


class InvalidValue(ImpastoError, ValueError):
    """A value that cannot be used, or two that do not go together."""


NO_ROOM = errno.ENOSPC, errno.EDQUOT
"""Of an OSError: the disk is full, or as much of it as this user may have."""


class DiskFull(ImpastoError):
    """There is no room for what is to be written."""


@contextmanager
def about(part: str) -> Iterator[None]:
    """Errors within say which of several things they are about."""
    try:
        yield
    except ImpastoError as error:
        error.part = part
        raise
