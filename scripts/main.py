"""The command `impasto`: finds the module of a subcommand, and says in one line why something cannot be done."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from importlib import import_module
from operator import or_
from types import ModuleType
from typing import Annotated, Any, NoReturn

import tyro

from impasto.model.errors import ImpastoError

COMMANDS = {
    "paint": "paint photos in a style, or in a blend of styles",
    "bulk": "paint very many photos, in folders or object stores, here or on a cluster",
    "video": "paint films and moving pictures",
    "augment": "make styled copies of the pictures of a data set",
    "serve": "serve painting over HTTP, and a page to mix styles by hand",
    "worker": "do the jobs of services that leave them to others",
    "cluster": "print what Ray Serve is told, to serve on a cluster",
    "styles": "list, show, preview, export, import, remove and migrate styles",
    "export": "write the network and all styles for phones, browsers and other programs",
    "keys": "make, list and revoke the keys that let people into a service",
    "recipe": "print the command that paints a picture again",
    "fit": "learn a new style from one painting",
    "train": "train one network in as many styles as there are paintings",
    "train-predictor": "train what tells a painting's style at a glance",
    "evaluate": "measure a network on photos it was not trained on",
    "optimize": "paint a photo like any painting, by optimisation",
    "texture": "make a texture of any size like a painting",
    "transfer": "make a photo of pieces of a texture",
    "analogy": "do to a picture what was done to another one",
    "dream": "dream of a photo: more and more of what a layer sees in it",
    "sound": "make one sound in the manner of another",
    "reconstruct": "show what the layers of a loss network know",
    "fetch": "fetch the loss network that fitting and optimising need",
    "kernels": "build the CPU's kernels beforehand, for machines without a compiler",
    "health": "ask a running service whether it can paint",
    "info": "print versions, device and network, for a report of a fault",
}
"""Subcommand -> what it does. Each is the module of that name here, with _ for -: `Arguments`, which `run` takes."""

OVERVIEW = "\n".join(
    [
        "usage: impasto [-h] COMMAND ...",
        "",
        "Paint photos in many styles, and in blends of them.",
        "",
        *(f"  {name:16} {line}" for name, line in COMMANDS.items()),
        "",
        "`impasto COMMAND --help` explains each.",
    ]
)

INTERRUPTED = 128 + signal.SIGINT
"""Exit code, as shells give it."""


def main() -> None:
    """Run the command line: `impasto paint photo.jpg ...`."""
    name, *rest = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        print(OVERVIEW)
        return
    with _quick():
        if name not in COMMANDS:
            _parse_all()
        command = _module(name)
        arguments = tyro.cli(command.Arguments, prog=f"impasto {name}", description=command.__doc__, args=rest)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where a shell ignores Ctrl-C
        signal.signal(signal.SIGINT, _interrupt)
    try:
        command.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # as of `impasto styles list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is flushed at exit
        sys.exit(128 + signal.SIGPIPE)
    except (ImpastoError, OSError) as error:
        reason = getattr(error, "reason", error)  # of a database: what a client of the service is not told
        sys.exit(f"impasto {name}: {reason}")
    except KeyboardInterrupt:
        print(f"impasto {name}: stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _module(name: str) -> ModuleType:
    return import_module(f"impasto.scripts.{name.replace('-', '_')}")


def _parse_all() -> NoReturn:
    """Answer what names no subcommand: a typing error, completion of all options."""
    commands = [
        Annotated[_module(name).Arguments, tyro.conf.subcommand(name, description=line)]
        for name, line in COMMANDS.items()
    ]
    everything: Any = reduce(or_, commands)
    tyro.cli(everything, prog="impasto", description="Paint photos in many styles, and in blends of them.")
    raise AssertionError("a subcommand was parsed that is none")


@contextmanager
def _quick() -> Iterator[None]:
    """Spare tyro typeguard, as slow to import as all of tyro, which looks whether defaults have the types mypy sees."""
    trusting = ModuleType("typeguard")
    trusting.check_type, trusting.TypeCheckError = lambda value, kind: value, TypeError  # type: ignore[attr-defined]
    sys.modules["typeguard"] = trusting
    try:
        yield
    finally:
        del sys.modules["typeguard"]


def _interrupt(*_: Any) -> NoReturn:
    """The first Ctrl-C lets everyone clean up; the second one ends the process at once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt
