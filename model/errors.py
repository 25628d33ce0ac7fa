"""The roots of every error that is meant for whoever asked: each class lives with what raises it.

A command answers them with one line, the service with a problem; anything else is a fault of ours, with its traceback.
"""

from __future__ import annotations


class ImpastoError(Exception):
    """What was asked cannot be done; the message says what is wrong, where, and what to do."""


class InvalidValue(ImpastoError, ValueError):
    """A value that cannot be used, or two that do not go together."""
