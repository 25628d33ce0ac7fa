"""The command `impasto`, run in this process: as on the command line, without the seconds that torch takes to load."""

from __future__ import annotations

import io
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from impasto.scripts.main import main


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def impasto(*arguments: object) -> Result:
    """Run `impasto` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    interrupt = signal.getsignal(signal.SIGINT)
    command = ["impasto", *map(str, arguments)]
    code: object = 0
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", command):
        try:
            main()
        except SystemExit as ending:
            code = ending.code or 0
        finally:
            signal.signal(signal.SIGINT, interrupt)
    if isinstance(code, int):
        return Result(code, out.getvalue(), err.getvalue())
    return Result(1, out.getvalue(), f"{err.getvalue()}{code}\n")  # as the interpreter does with a message
