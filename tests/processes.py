"""Processes of their own that are there at once: forks of one that has imported everything, which takes seconds."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from impasto.scripts.main import main

ROOT = Path(__file__).parents[1]

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.imports"])


class Process:
    """A function in a process with the environment of this one, IMPASTO_* as given, and the checkout as its folder.

    errors: a file for what it writes to standard error. settings: by their names in lower case.
    """

    def __init__(
        self, work: Callable[..., None], *arguments: Any, settings: Mapping[str, object], errors: Path | None = None
    ) -> None:
        environment = {**os.environ, **{f"IMPASTO_{name.upper()}": str(value) for name, value in settings.items()}}
        self._process = _CONTEXT.Process(target=_run, args=(environment, errors, work, arguments))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # ended just now, which the fork server has not told yet
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """How it ended, as `subprocess` tells it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float = 60) -> int:
        """How it ended, when it has."""
        self._process.join(timeout)
        code = self._process.exitcode
        assert code is not None, f"process {self.pid} runs after {timeout} s"
        return code


def command(*arguments: str, settings: Mapping[str, object], errors: Path | None = None) -> Process:
    """`impasto` with these arguments."""
    return Process(_main, *arguments, settings=settings, errors=errors)


def _main(*arguments: str) -> None:
    sys.argv = ["impasto", *arguments]
    main()


def _run(
    environment: dict[str, str], errors: Path | None, work: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    tempfile.tempdir = None  # anew, by the environment
    if errors is not None:
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    work(*arguments)
